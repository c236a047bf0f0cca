// SPDX-License-Identifier: Apache-2.0
/* One request: who may ask what, and what is sent. In the threads of the library. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/answer.h"
#include "serve/host.h"
#include "serve/http_server.h"

#define UPLOAD_MAX_BYTES  ((size_t)1 << 20)
#define UPLOAD_READ_BYTES ((size_t)4 << 20)
#define SECOND_NS         1000000000ull
#define ANSWER_MAX_NS     (600 * SECOND_NS)
/* Until the next request is through. */
#define IDLE_MAX_NS       (40 * SECOND_NS)
/* How many of all clients may wait for windows of time. */
#define WINDOW_SHARE      4u

/* One request, from its first line to the last byte of its answer. */
struct request {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct question question;
	bool asked;
	size_t upload_bytes;
	struct buf *upload; /* what of it is kept, or NULL */
	int err;            /* with its addresses */
};

static struct client *client_of(const struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void move_client(const struct request *request, enum client_state state, uint64_t max_ns)
{
	clients__move(request->server->clients, client_of(request), state, max_ns);
}

static const char *header_of(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/*
 * A page from elsewhere may have its name resolve to this machine; a browser then names that host. Whoever knows a token
 * is no such page, what a certificate says of our name the browser has checked, and to Unix sockets it has no way.
 */
static bool is_host_ours(const struct request *request)
{
	const struct http_server *server = request->server;
	const char *host = header_of(request, "Host");

	if (http__has_token(server->http) || server->secrets.tls_cert ||
	    !strncmp(server->listen, "unix:", 5))
		return true;
	return !host || host_is_local(host);
}

static enum MHD_Result reply(struct request *request, struct answer answer)
{
	struct http_counts *counts = http__count(request->server->http);
	struct MHD_Response *response;
	char attachment[96], seconds[16];
	enum MHD_Result result;
	size_t len;
	char *data;

	atomic_fetch_add(&counts->requests[answer.status / 100 % 6], 1);
	data = answer.body ? buf__take(answer.body, &len) : NULL;
	buf__free(answer.body);
	if (!data)
		return MHD_NO;
	atomic_fetch_add(&counts->bytes, len);
	response = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return free(data), MHD_NO;
	MHD_add_response_header(response, "Content-Type", answer.mime);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (answer.filename) {
		snprintf(attachment, sizeof(attachment), "attachment; filename=\"%s\"",
			 answer.filename);
		MHD_add_response_header(response, "Content-Disposition", attachment);
	}
	/* pprof shows the text of such errors. */
	if (answer.status >= 400)
		MHD_add_response_header(response, "X-Go-Pprof", "1");
	if (answer.retry_sec) {
		snprintf(seconds, sizeof(seconds), "%u", answer.retry_sec);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (answer.status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (client__is_spare(client_of(request)))
		MHD_add_response_header(response, "Connection", "close");
	move_client(request, CLIENT_READS, ANSWER_MAX_NS);
	result = MHD_queue_response(request->connection, answer.status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_param(void *ctx, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	struct request *request = ctx;
	struct question *question = &request->question;

	route__param(&question->route, name, value);
	if (question->route.kind == ROUTE_SYMBOL && !value && !request->err)
		request->err = addresses__parse(&question->addresses, name);
	return MHD_YES;
}

static void name_client(const struct request *request, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	snprintf(out, size, "local");
	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out,
			  (socklen_t)size);
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out,
			  (socklen_t)size);
}

static int socket_of(const struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void name_host(const struct request *request, char *out, size_t size)
{
	const char *host = header_of(request, "Host");

	*out = '\0';
	if (host && strlen(host) < size && host_is_one(host) &&
	    strncmp(request->server->listen, "unix:", 5))
		snprintf(out, size, "%s", host);
}

static void on_answer(struct question *question)
{
	struct request *request = question->ctx;

	MHD_resume_connection(request->connection);
}

/* May one more wait for a window of time? It is counted in either case. */
static bool take_window(struct http_server *server)
{
	unsigned before = atomic_fetch_add(&server->window_cnt, 1);

	return !before || before < server->clients_max / WINDOW_SHARE;
}

static enum MHD_Result ask(struct request *request)
{
	struct question *question = &request->question;
	int err = 0;

	question->on_answer = on_answer;
	question->ctx = request;
	question->door = &request->server->door;
	/* Nobody reads from a connection that is suspended: that its client went away is for the desk to see. */
	question->client_fd = socket_of(request);
	name_client(request, question->client, sizeof(question->client));
	name_host(request, question->host, sizeof(question->host));
	request->asked = true;
	atomic_fetch_add(&request->server->asker_cnt, 1);
	/* Before anybody could resume it. */
	MHD_suspend_connection(request->connection);
	if (route_is_window(&question->route) && !take_window(request->server))
		err = -EBUSY;
	if (!err)
		err = desk__ask(http__desk(request->server->http), question);
	if (err) {
		question->err = err;
		MHD_resume_connection(request->connection);
	}
	return MHD_YES;
}

static bool may_ask(const struct request *request, const char *method, struct answer *ret_refusal)
{
	enum route_kind kind = request->question.route.kind;

	if (client__is_spare(client_of(request)) && kind != ROUTE_HEALTHY)
		*ret_refusal = answer_busy();
	else if (!http__is_allowed(request->server->http, header_of(request, "Authorization")) &&
		 kind != ROUTE_HEALTHY)
		*ret_refusal = answer_text(401, "a token is needed");
	else if (!is_host_ours(request))
		*ret_refusal = answer_text(403, "not by that name");
	else if (strcmp(method, "GET") && strcmp(method, "HEAD") &&
		 (strcmp(method, "POST") || kind != ROUTE_SYMBOL))
		*ret_refusal = answer_text(405, "GET alone");
	else if (request->upload_bytes > UPLOAD_MAX_BYTES)
		*ret_refusal = answer_text(413, "1 MiB is enough");
	else
		return true;
	return false;
}

/* Of those who may ask, until it is known what for; others are told when all is there. */
static void keep_upload(struct request *request, const char *data, size_t size)
{
	if (!request->upload_bytes &&
	    http__is_allowed(request->server->http, header_of(request, "Authorization")))
		request->upload = buf__new(UPLOAD_MAX_BYTES);
	if (request->upload)
		buf__append(request->upload, data, size);
	request->upload_bytes += size;
}

/* Parameters, and addresses, which come as one of them or as what was sent. */
static void read_params(struct request *request)
{
	struct question *question = &request->question;
	const struct buf *upload = request->upload;

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_param, request);
	route__check(&question->route);
	if (question->route.kind != ROUTE_SYMBOL || !request->upload_bytes || request->err)
		return;
	request->err = upload ? buf__error(upload) : -ENOMEM;
	if (!request->err)
		request->err = addresses__parse(&question->addresses, buf__data(upload));
}

static enum MHD_Result route_request(struct request *request, const char *url, const char *method)
{
	struct route *route = &request->question.route;
	struct answer refusal;

	move_client(request, CLIENT_WAITS, 0);
	route_parse(url, route);
	if (!may_ask(request, method, &refusal))
		return reply(request, refusal);
	read_params(request);
	if (route->fault)
		return reply(request, answer_text(400, route->fault));
	if (request->err)
		return reply(request, request->err == -E2BIG
					      ? answer_text(413, "65536 addresses are enough")
					      : answer_text(500, strerror(-request->err)));
	switch (route->kind) {
	case ROUTE_NOT_FOUND:
		return reply(request, answer_text(404, "no such page; see /debug/pprof/"));
	case ROUTE_HEALTHY:
		return reply(request, answer_text(200, "ok"));
	case ROUTE_INDEX:
	case ROUTE_CMDLINE:
	case ROUTE_SYMBOL:
		/* Of somebody in particular: is there such a one? */
		return route->pid || *route->service || request->question.addresses.list.cnt
			       ? ask(request)
			       : reply(request, answer_make(&request->question));
	case ROUTE_FLAME:
		route->kind = ROUTE_PROFILE;
		snprintf(route->format, sizeof(route->format), "html");
		return ask(request);
	default:
		return ask(request);
	}
}

enum MHD_Result request_go_on(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **slot)
{
	struct request *request = *slot;

	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		request->server = ctx;
		request->connection = connection;
		*slot = request;
		return MHD_YES;
	}
	if (*size) {
		/* Who sends too much is told, within reason. */
		keep_upload(request, data, *size);
		*size = 0;
		return request->upload_bytes <= UPLOAD_READ_BYTES ? MHD_YES : MHD_NO;
	}
	if (request->asked && request->question.err == -ECANCELED)
		return MHD_NO;
	if (request->asked)
		return reply(request, answer_make(&request->question));
	return route_request(request, url, method);
}

void request_end(void *ctx, struct MHD_Connection *connection, void **slot,
		 enum MHD_RequestTerminationCode code)
{
	struct request *request = *slot;

	if (!request)
		return;
	if (request->asked)
		atomic_fetch_sub(&request->server->asker_cnt, 1);
	if (request->asked && route_is_window(&request->question.route))
		atomic_fetch_sub(&request->server->window_cnt, 1);
	move_client(request, CLIENT_SENDS, IDLE_MAX_NS);
	question__done(&request->question);
	buf__free(request->upload);
	free(request);
	*slot = NULL;
}
