// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "serve/answer.h"
#include "serve/listener.h"

#define FILE_MAX_BYTES       ((size_t)1 << 20)
#define UPLOAD_MAX_BYTES     ((size_t)64 << 10)
#define HEADERS_MAX_BYTES    ((size_t)32 << 10)
#define IDLE_MAX_SEC         30u
#define THREADS              2u
#define CLIENTS_PER_IP_SHARE 2u
#define TOKEN_MIN_BYTES      16u

struct http {
	struct desk *desk;
	VEC(struct MHD_Daemon *) daemons;
	char *token, *tls_cert, *tls_key;
	struct http_counts counts;
};

/* One request, from its first line to the last byte of its answer. */
struct request {
	struct http *http;
	struct MHD_Connection *connection;
	struct question question;
	bool asked;
	char *upload;
	size_t upload_bytes;
};

static bool same_token(const char *have, const char *want)
{
	size_t len = strlen(want), i;
	unsigned char differ = strlen(have) != len;

	/* The time taken says nothing about where they differ. */
	for (i = 0; i < len; i++)
		differ |= (unsigned char)(want[i] ^ (strlen(have) == len ? have[i] : 0));
	return !differ;
}

static bool is_authorized(const struct request *request)
{
	const char *header =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");

	if (!request->http->token)
		return true;
	return header && !strncmp(header, "Bearer ", 7) &&
	       same_token(header + 7, request->http->token);
}

/* A page from elsewhere may have its name resolve to this machine; a browser then names that host. */
static bool is_host_ours(const struct request *request)
{
	const char *host =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Host");
	unsigned char address[16];
	char name[64];

	if (request->http->token || !host || !*host)
		return true;
	if (*host == '[' || !strncmp(host, "localhost", 9))
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":"), host);
	return inet_pton(AF_INET, name, address) == 1;
}

static enum MHD_Result reply(struct request *request, struct answer answer)
{
	struct MHD_Response *response;
	char attachment[96], seconds[16];
	enum MHD_Result result;
	size_t len;
	char *data;

	atomic_fetch_add(&request->http->counts.requests[answer.status / 100 % 6], 1);
	data = answer.body ? buf__take(answer.body, &len) : NULL;
	buf__free(answer.body);
	if (!data)
		return MHD_NO;
	atomic_fetch_add(&request->http->counts.bytes, len);
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
	result = MHD_queue_response(request->connection, answer.status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_param(void *ctx, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	route__param(ctx, name, value);
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

static void on_answer(struct question *question)
{
	struct request *request = question->ctx;

	MHD_resume_connection(request->connection);
}

static enum MHD_Result ask(struct request *request)
{
	struct question *question = &request->question;
	int err;

	question->on_answer = on_answer;
	question->ctx = request;
	/* Nobody reads from a connection that is suspended: that its client went away is for the desk to see. */
	question->client_fd = socket_of(request);
	name_client(request, question->client, sizeof(question->client));
	request->asked = true;
	/* Before anybody could resume it. */
	MHD_suspend_connection(request->connection);
	err = desk__ask(request->http->desk, question);
	if (err) {
		question->err = err;
		MHD_resume_connection(request->connection);
	}
	return MHD_YES;
}

static enum MHD_Result route_request(struct request *request, const char *url, const char *method)
{
	struct route *route = &request->question.route;
	const char *query;

	route_parse(url, route);
	if (!is_authorized(request) && route->kind != ROUTE_HEALTHY)
		return reply(request, answer_text(401, "a token is needed"));
	if (!is_host_ours(request))
		return reply(request, answer_text(403, "not by that name"));
	if (strcmp(method, "GET") && strcmp(method, "HEAD") &&
	    (strcmp(method, "POST") || route->kind != ROUTE_SYMBOL))
		return reply(request, answer_text(405, "GET alone"));
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_param, route);
	route__check(route);
	if (route->fault)
		return reply(request, answer_text(400, route->fault));
	switch (route->kind) {
	case ROUTE_NOT_FOUND:
		return reply(request, answer_text(404, "no such page; see /debug/pprof/"));
	case ROUTE_INDEX:
		return reply(request, answer_index(route));
	case ROUTE_CMDLINE:
		return reply(request, answer_cmdline());
	case ROUTE_HEALTHY:
		return reply(request, answer_text(200, "ok"));
	case ROUTE_SYMBOL:
		query = request->upload;
		return reply(request, answer_symbol(query ? query : ""));
	case ROUTE_FLAME:
		route->kind = ROUTE_PROFILE;
		snprintf(route->format, sizeof(route->format), "html");
		return ask(request);
	default:
		return ask(request);
	}
}

/* Kept as far as it may go; what is beyond is answered with an error once all is there. */
static int take_upload(struct request *request, const char *data, size_t size)
{
	char *grown;

	if (request->upload_bytes + size > UPLOAD_MAX_BYTES)
		return -EFBIG;
	grown = realloc(request->upload, request->upload_bytes + size + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + request->upload_bytes, data, size);
	request->upload = grown;
	request->upload_bytes += size;
	grown[request->upload_bytes] = '\0';
	return 0;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **slot)
{
	struct request *request = *slot;

	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		request->http = ctx;
		request->connection = connection;
		*slot = request;
		return MHD_YES;
	}
	if (*size) {
		if (take_upload(request, data, *size))
			return MHD_NO;
		*size = 0;
		return MHD_YES;
	}
	if (request->asked && request->question.err == -ECANCELED)
		return MHD_NO;
	if (request->asked)
		return reply(request, answer_make(&request->question));
	return route_request(request, url, method);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	struct request *request = *slot;

	if (!request)
		return;
	question__done(&request->question);
	free(request->upload);
	free(request);
	*slot = NULL;
}

/* What the library has to say goes nowhere: a client could fill the log. */
static void on_log(void *ctx, const char *fmt, va_list args)
{
}

static struct MHD_Daemon *start_one(struct http *http, const struct serve_config *config, int fd)
{
	unsigned clients = (unsigned)config->http.clients_max;
	unsigned per_ip = clients / CLIENTS_PER_IP_SHARE;
	unsigned flags =
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, http->tls_cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, http->tls_key },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (http->tls_cert)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_CONNECTION_LIMIT, clients, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		per_ip ? per_ip : 1u, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_MAX_SEC,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADERS_MAX_BYTES, MHD_OPTION_THREAD_POOL_SIZE,
		THREADS, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static int read_file(const char *path, char **ret)
{
	size_t len;

	return path ? fdio_read_file(path, FILE_MAX_BYTES, ret, &len) : 0;
}

static int read_secrets(struct http *http, const struct serve_config *config, const char **ret_what)
{
	int err;

	*ret_what = config->http.token_file;
	err = read_file(config->http.token_file, &http->token);
	if (!err && http->token) {
		http->token[strcspn(http->token, "\r\n")] = '\0';
		if (strlen(http->token) < TOKEN_MIN_BYTES)
			err = -EINVAL;
	}
	if (err)
		return err;
	*ret_what = config->http.tls_cert;
	err = read_file(config->http.tls_cert, &http->tls_cert);
	if (err)
		return err;
	*ret_what = config->http.tls_key;
	return read_file(config->http.tls_key, &http->tls_key);
}

int http_start(const struct serve_config *config, struct desk *desk, struct http **ret,
	       const char **ret_what)
{
	struct http *http __free(http) = calloc(1, sizeof(*http));
	struct MHD_Daemon *one;
	size_t i;
	int fd, err;

	*ret_what = "the HTTP server";
	if (!http)
		return -ENOMEM;
	http->desk = desk;
	err = read_secrets(http, config, ret_what);
	for (i = 0; !err && i < config->http.listen.cnt; i++) {
		*ret_what = config->http.listen.at[i];
		err = listener_open(config->http.listen.at[i], &fd);
		if (err)
			break;
		one = start_one(http, config, fd);
		if (!one) {
			close(fd);
			return -EIO;
		}
		err = vec__push(&http->daemons, one);
	}
	if (err)
		return err;
	*ret = TAKE_PTR(http);
	return 0;
}

void http__free(struct http *http)
{
	size_t i;

	if (!http)
		return;
	for (i = 0; i < http->daemons.cnt; i++)
		MHD_stop_daemon(http->daemons.at[i]);
	vec__done(&http->daemons);
	free(http->token);
	free(http->tls_cert);
	free(http->tls_key);
	free(http);
}

const struct http_counts *http__counts(const struct http *http)
{
	return &http->counts;
}
