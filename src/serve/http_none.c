// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "serve/http.h"

int http_start(const struct serve_config *config, struct desk *desk, struct http **ret,
	       const char **ret_what)
{
	*ret_what = "heaptap was built without libmicrohttpd";
	return -ENOTSUP;
}

void http__free(struct http *http)
{
}

const struct http_counts *http__counts(const struct http *http)
{
	static const struct http_counts none;

	return &none;
}
