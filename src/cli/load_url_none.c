// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/log.h"
#include "cli/load_url.h"

int load_url(const char *url, int *ret_fd)
{
	log_err(0, "%s: built without libcurl; fetch it with curl -o FILE and read FILE", url);
	return -ENOTSUP;
}
