// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

struct http *http__new(struct desk *desk)
{
	return calloc(1, sizeof(char));
}

int http_check(const struct http_config *config, struct config_fault *ret_fault)
{
	return config_fault__set(ret_fault, 0,
				 "listen = %s: heaptap was built without libmicrohttpd",
				 config->listen.cnt ? config->listen.at[0] : "");
}

int http__apply(struct http *http, const struct http_config *config, struct config_fault *ret_fault)
{
	return http_check(config, ret_fault);
}

void http__close(struct http *http)
{
}

void http__sweep(struct http *http)
{
}

void http__free(struct http *http)
{
	free(http);
}

const struct http_counts *http__counts(const struct http *http)
{
	static const struct http_counts none;

	return &none;
}
