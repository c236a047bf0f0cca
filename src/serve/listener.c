// SPDX-License-Identifier: Apache-2.0
#include "serve/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BACKLOG 64

/* A socket file that nobody listens on is left over from a daemon that was killed. */
static int remove_dead(const struct sockaddr_un *address)
{
	int fd __close_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(address->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -EADDRINUSE;
	return unlink(address->sun_path) ? -errno : 0;
}

static int open_unix(const char *path, int *ret_fd)
{
	int fd __close_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int err;

	if (fd < 0)
		return -errno;
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	err = remove_dead(&address);
	if (err)
		return err;
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int listen_at(int fd, const struct addrinfo *address)
{
	return bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, BACKLOG) ? -errno : 0;
}

static int open_address(const struct addrinfo *address, bool beside, int *ret_fd)
{
	int fd __close_fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	err = listen_at(fd, address);
	if (err == -EADDRINUSE && beside) {
		listener_share(fd, true);
		err = listen_at(fd, address);
		listener_share(fd, false);
	}
	if (!err)
		*ret_fd = TAKE_FD(fd);
	return err;
}

void listener_share(int fd, bool shared)
{
	int on = shared;

	/* A Unix socket has no port to share. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

int listener_open(const char *listen, bool beside, int *ret_fd)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[64];
	const char *colon = strrchr(listen, ':');
	int err;

	if (!strncmp(listen, "unix:", 5))
		return open_unix(listen + 5, ret_fd);
	if (!colon || colon == listen || (size_t)(colon - listen) >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - listen), listen);
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (strcmp(host, "localhost"))
		hints.ai_flags |= AI_NUMERICHOST;
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -EINVAL;
	err = open_address(found, beside, ret_fd);
	freeaddrinfo(found);
	return err;
}

void listener_remove(const char *listen)
{
	if (!strncmp(listen, "unix:", 5))
		unlink(listen + 5);
}
