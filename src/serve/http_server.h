/* SPDX-License-Identifier: Apache-2.0 */
/* One address that is listened on. Private to the HTTP server. */
#pragma once

#include <microhttpd.h>

#include "serve/clients.h"
#include "serve/desk.h"
#include "serve/http.h"
#include "serve/secrets.h"

struct http_server {
	struct http *http;
	struct door door;
	char *listen; /* as configured */
	uint64_t clients_max;
	struct secrets secrets; /* what it has been started with */
	struct clients *clients;
	atomic_uint window_cnt; /* questions that wait for a window of time */
	atomic_uint asker_cnt;  /* requests that were left at the desk and are not yet through */
	int fd;
	bool is_handed_on; /* its socket is another's, too */
	struct MHD_Daemon *daemon;
};

/*
 * Listen at @listen. @before (or NULL) is a server that leaves: if it has the same address, go on at its socket; it may
 * share its port. 0, -ENOMEM, or -EINVAL with @ret_fault.
 */
int http_server__open(struct http *http, const struct http_config *config, const char *listen,
		      const struct secrets *secrets, struct http_server *before,
		      struct http_server **ret, struct config_fault *ret_fault);
/* Nobody who came through its door may wait for an answer. */
void http_server__free(struct http_server *server);
DEFINE_CLEANUP(http_server);
/* Would it be just as this one? */
bool http_server__is_as(const struct http_server *server, const struct http_config *config,
			const char *listen, const struct secrets *secrets);

/* http_request.c: callbacks of the library; @ctx is the server. */
enum MHD_Result request_go_on(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **slot);
void request_end(void *ctx, struct MHD_Connection *connection, void **slot,
		 enum MHD_RequestTerminationCode code);

/* http.c: any thread. */
struct desk *http__desk(const struct http *http);
struct http_counts *http__count(struct http *http);
bool http__has_token(struct http *http);
/* Does @authorization, the header or NULL, say the token, if there is one? */
bool http__is_allowed(struct http *http, const char *authorization);
