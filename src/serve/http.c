// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "serve/http_server.h"
#include "serve/listener.h"

typedef VEC(struct http_server *) servers;

struct http {
	struct desk *desk;
	servers servers, leaving;
	pthread_mutex_t lock;
	struct secrets secrets; /* under the lock */
	struct http_counts counts;
};

struct http *http__new(struct desk *desk)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	pthread_mutex_init(&http->lock, NULL);
	http->desk = desk;
	return http;
}

static bool has(const servers *list, const struct http_server *server)
{
	size_t i;

	for (i = 0; i < list->cnt; i++) {
		if (list->at[i] == server)
			return true;
	}
	return false;
}

static struct http_server *find(const servers *list, const char *listen)
{
	size_t i;

	for (i = 0; i < list->cnt; i++) {
		if (!strcmp(list->at[i]->listen, listen))
			return list->at[i];
	}
	return NULL;
}

static bool is_listed(const struct http_config *config, const char *listen)
{
	size_t i;

	for (i = 0; i < config->listen.cnt; i++) {
		if (!strcmp(config->listen.at[i], listen))
			return true;
	}
	return false;
}

/* A port may go from one address to another: until that one has it, who leaves shares it. One that leaves, or NULL. */
static struct http_server *share_ports(const struct http *http, const struct http_config *config,
				       bool shared)
{
	struct http_server *leaving = NULL;
	size_t i;

	for (i = 0; i < http->servers.cnt; i++) {
		if (is_listed(config, http->servers.at[i]->listen))
			continue;
		leaving = http->servers.at[i];
		listener_share(leaving->fd, shared);
	}
	return leaving;
}

static int open_all(struct http *http, const struct http_config *config,
		    const struct secrets *secrets, servers *ret, struct config_fault *ret_fault)
{
	struct http_server *leaving = share_ports(http, config, true);
	size_t i;
	int err = 0;

	for (i = 0; !err && i < config->listen.cnt; i++) {
		const char *listen = config->listen.at[i];
		struct http_server *old = find(&http->servers, listen), *server = old;

		err = vec__reserve(ret, ret->cnt + 1);
		if (!err && !(old && http_server__is_as(old, config, listen, secrets)))
			err = http_server__open(http, config, listen, secrets, old ? old : leaving,
						&server, ret_fault);
		if (!err)
			ret->at[ret->cnt++] = server;
	}
	share_ports(http, config, false);
	return err;
}

/* There is room for it. Whoever came in may still wait for an answer. */
static void leave(struct http *http, struct http_server *server)
{
	desk__shut(http->desk, &server->door);
	http->leaving.at[http->leaving.cnt++] = server;
}

static void leave_new(struct http *http, servers *fresh)
{
	size_t i;

	for (i = 0; i < fresh->cnt; i++) {
		if (!has(&http->servers, fresh->at[i]))
			leave(http, fresh->at[i]);
	}
	vec__done(fresh);
}

/* Those of @fresh instead of those that are there. */
static void swap(struct http *http, servers fresh)
{
	size_t i;

	for (i = 0; i < http->servers.cnt; i++) {
		struct http_server *old = http->servers.at[i], *next;

		if (has(&fresh, old))
			continue;
		/* The socket, and the file of a Unix one, is the next one's. */
		next = find(&fresh, old->listen);
		old->is_handed_on = next;
		if (next)
			next->is_handed_on = false;
		leave(http, old);
	}
	vec__done(&http->servers);
	http->servers = fresh;
}

int http__apply(struct http *http, const struct http_config *config, struct config_fault *ret_fault)
{
	struct secrets secrets __secrets = {}, old;
	servers fresh = {};
	int err = secrets_read(config, &secrets, ret_fault);

	if (!err)
		err = vec__reserve(&http->leaving,
				   http->leaving.cnt + http->servers.cnt + config->listen.cnt);
	if (!err)
		err = open_all(http, config, &secrets, &fresh, ret_fault);
	if (err) {
		leave_new(http, &fresh);
		return err;
	}
	pthread_mutex_lock(&http->lock);
	old = http->secrets;
	http->secrets = secrets;
	pthread_mutex_unlock(&http->lock);
	secrets = old;
	swap(http, fresh);
	return 0;
}

void http__close(struct http *http)
{
	size_t i;

	for (i = 0; i < http->servers.cnt; i++)
		desk__shut(http->desk, &http->servers.at[i]->door);
}

void http__sweep(struct http *http)
{
	size_t i;

	for (i = 0; i < http->leaving.cnt; i++)
		http_server__free(http->leaving.at[i]);
	http->leaving.cnt = 0;
}

void http__free(struct http *http)
{
	size_t i;

	if (!http)
		return;
	http__sweep(http);
	for (i = 0; i < http->servers.cnt; i++)
		http_server__free(http->servers.at[i]);
	vec__done(&http->servers);
	vec__done(&http->leaving);
	secrets__done(&http->secrets);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

static void on_log(void *ctx, const char *fmt, va_list args)
{
}

/* The library reads a certificate when it starts; here without listening to anybody. */
static bool is_certificate(const struct secrets *secrets)
{
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
				 NULL, NULL, request_go_on, NULL, MHD_OPTION_EXTERNAL_LOGGER,
				 on_log, NULL, MHD_OPTION_HTTPS_MEM_CERT, secrets->tls_cert,
				 MHD_OPTION_HTTPS_MEM_KEY, secrets->tls_key, MHD_OPTION_END);

	if (daemon)
		MHD_stop_daemon(daemon);
	return daemon;
}

int http_check(const struct http_config *config, struct config_fault *ret_fault)
{
	struct secrets secrets __secrets = {};
	int err = secrets_read(config, &secrets, ret_fault);

	if (err || !secrets.tls_cert || !secrets.tls_key || is_certificate(&secrets))
		return err;
	return config_fault__set(ret_fault, 0,
				 "tls-cert = %s and tls-key = %s: both must be PEM, and belong "
				 "together",
				 config->tls_cert, config->tls_key);
}

const struct http_counts *http__counts(const struct http *http)
{
	return &http->counts;
}

struct desk *http__desk(const struct http *http)
{
	return http->desk;
}

struct http_counts *http__count(struct http *http)
{
	return &http->counts;
}

bool http__has_token(struct http *http)
{
	bool has_token;

	pthread_mutex_lock(&http->lock);
	has_token = http->secrets.token;
	pthread_mutex_unlock(&http->lock);
	return has_token;
}

bool http__is_allowed(struct http *http, const char *authorization)
{
	bool is_allowed;

	pthread_mutex_lock(&http->lock);
	is_allowed = secrets__allow(&http->secrets, authorization);
	pthread_mutex_unlock(&http->lock);
	return is_allowed;
}
