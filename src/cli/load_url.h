/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fetch @url into an unlinked file and hand out its descriptor, at offset 0; the caller closes it.
 * Size and time are bounded; "?seconds=N" in the URL extends the time. A URL without path means its
 * /debug/pprof/heap. 0, or -errno after one line on stderr. load_url_none.c stands in where libcurl
 * is missing.
 */
int load_url(const char *url, int *ret_fd);
