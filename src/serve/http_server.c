// SPDX-License-Identifier: Apache-2.0
#include "serve/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "serve/listener.h"

#define HEADERS_MAX_BYTES ((size_t)32 << 10)
#define IDLE_MAX_SEC      30u
#define REQUEST_MAX_NS    10000000000u
#define FAREWELL_NS       500000000
#define THREADS           2u

/* What the library has to say goes nowhere: a client could fill the log. */
static void on_log(void *ctx, const char *fmt, va_list args)
{
}

/* Paths and parameters stay as they were sent: what is escaped in them is known to who takes them apart. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *connection, char *text)
{
	return strlen(text);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = ctx;
	const union MHD_ConnectionInfo *fd, *address;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		clients__remove(server->clients, *slot);
		*slot = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*slot = clients__add(server->clients, fd->connect_fd,
			     address ? address->client_addr : NULL);
	clients__move(server->clients, *slot, CLIENT_SENDS, REQUEST_MAX_NS);
}

static struct MHD_Daemon *start(struct http_server *server, int fd)
{
	/* Those that are being closed still count for the library. */
	unsigned clients = (unsigned)server->clients_max + 2 * CLIENTS_SPARE;
	unsigned flags =
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, server->secrets.tls_cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, server->secrets.tls_key },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (server->secrets.tls_cert)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, request_go_on, server, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, request_end, NULL,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, server, MHD_OPTION_CONNECTION_LIMIT, clients,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_MAX_SEC, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		HEADERS_MAX_BYTES, MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
}

static const char *remedy(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "somebody listens there already: stop it (ss -ltnp says who it is), or "
		       "choose another";
	case -EADDRNOTAVAIL:
		return "this machine has no such address: choose one of those that \"ip address\" "
		       "lists";
	case -EACCES:
	case -EPERM:
		return "that is not permitted: choose a port from 1024 on, a directory of our own";
	case -EEXIST:
		return "there is a file that is no socket: remove it, or choose another path";
	case -ENOENT:
	case -ENOTDIR:
		return "there is no such directory: create it, or choose another path";
	case -ENAMETOOLONG:
		return "the path of a socket may have 107 bytes: choose a shorter one";
	case -EINVAL:
		return "the host must be an address in numbers, or localhost";
	default:
		return strerror(-err);
	}
}

static int start_at(struct http_server *server, struct config_fault *ret_fault)
{
	/* The library closes the one it is given. */
	int fd = fcntl(server->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	server->daemon = start(server, fd);
	if (server->daemon)
		return 0;
	close(fd);
	return config_fault__set(
		ret_fault, 0, "listen = %s: the HTTP server cannot be started%s", server->listen,
		server->secrets.tls_cert ? " with these tls-cert and tls-key: both "
					   "must be PEM, and belong together"
					 : "");
}

int http_server__open(struct http *http, const struct http_config *config, const char *listen,
		      const struct secrets *secrets, struct http_server *before,
		      struct http_server **ret, struct config_fault *ret_fault)
{
	struct http_server *server __free(http_server) = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->fd = -1;
	server->http = http;
	server->clients_max = config->clients_max;
	server->listen = strdup(listen);
	server->clients = clients__new(config->clients_max);
	if (!server->clients || !server->listen || secrets__copy(secrets, &server->secrets))
		return -ENOMEM;
	if (before && !strcmp(before->listen, listen)) {
		server->fd = fcntl(before->fd, F_DUPFD_CLOEXEC, 0);
		server->is_handed_on = true;
		err = server->fd < 0 ? -errno : 0;
	} else {
		err = listener_open(listen, before, &server->fd);
	}
	if (err)
		return config_fault__set(ret_fault, 0, "listen = %s: %s", listen, remedy(err));
	err = start_at(server, ret_fault);
	if (!err)
		*ret = TAKE_PTR(server);
	return err;
}

/* Whoever was refused at the end hears of it, unless it is slow. */
static void wait_for_askers(const struct http_server *server)
{
	const struct timespec moment = { .tv_nsec = FAREWELL_NS / 100 };
	int i;

	for (i = 0; i < 100 && atomic_load(&server->asker_cnt); i++)
		nanosleep(&moment, NULL);
}

void http_server__free(struct http_server *server)
{
	if (!server)
		return;
	/* Whoever has connected and was not accepted yet is for the one who goes on with the socket, or the port. */
	if (server->daemon)
		cleanup_fd(&(int){ MHD_quiesce_daemon(server->daemon) });
	if (server->fd >= 0 && !server->is_handed_on)
		listener_remove(server->listen);
	cleanup_fd(&server->fd);
	if (server->daemon) {
		wait_for_askers(server);
		MHD_stop_daemon(server->daemon);
	}
	clients__free(server->clients);
	secrets__done(&server->secrets);
	free(server->listen);
	free(server);
}

bool http_server__is_as(const struct http_server *server, const struct http_config *config,
			const char *listen, const struct secrets *secrets)
{
	return !strcmp(server->listen, listen) && server->clients_max == config->clients_max &&
	       secrets_same_tls(&server->secrets, secrets);
}
