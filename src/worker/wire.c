// SPDX-License-Identifier: Apache-2.0
#include "worker/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pass_fd.h"

void wire_message__done(struct wire_message *message)
{
	free(message->body);
	message->body = NULL;
	cleanup_fd(&message->fd);
	message->fd = -1;
}

/* Until the socket is ready for @events. */
static int wait_ready(int sock, short events, uint64_t deadline_ns)
{
	struct pollfd poller = { .fd = sock, .events = events };
	uint64_t now;
	int ready, wait_ms;

	for (;;) {
		now = clock_ns(CLOCK_MONOTONIC);
		if (deadline_ns != WIRE_FOREVER && now >= deadline_ns)
			return -ETIMEDOUT;
		wait_ms = deadline_ns == WIRE_FOREVER ||
					  deadline_ns - now > (uint64_t)3600 * 1000000000u
				  ? 3600 * 1000
				  : (int)((deadline_ns - now) / 1000000u) + 1;
		ready = poll(&poller, 1, wait_ms);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

/* All of @iov, waiting where it does not go on. @fd (-1: none) goes with the first byte. */
static int send_all(int sock, uint64_t deadline_ns, struct iovec iov, int fd)
{
	union pass_fd room;
	ssize_t sent;
	int err;

	while (iov.iov_len) {
		struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (fd >= 0)
			pass_fd_put(&message, &room, fd);
		sent = sendmsg(sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EAGAIN) {
			err = wait_ready(sock, POLLOUT, deadline_ns);
			if (err)
				return err;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		iov.iov_base = (char *)iov.iov_base + sent;
		iov.iov_len -= (size_t)sent;
		fd = -1;
	}
	return 0;
}

int wire_send(int sock, uint64_t deadline_ns, enum wire_kind kind, int status, const void *body,
	      size_t len_bytes, int fd)
{
	struct wire_head head = { kind, status, (uint32_t)len_bytes, fd >= 0 };
	struct iovec iov = { &head, sizeof(head) };
	int err;

	if (len_bytes > WIRE_BODY_MAX)
		return -EMSGSIZE;
	err = send_all(sock, deadline_ns, iov, fd);
	if (err || !len_bytes)
		return err;
	iov = (struct iovec){ (void *)body, len_bytes };
	return send_all(sock, deadline_ns, iov, -1);
}

static int receive_all(int sock, uint64_t deadline_ns, void *data, size_t len_bytes, int *ret_fd)
{
	union pass_fd room;
	ssize_t got;
	int err;

	while (len_bytes) {
		struct iovec iov = { data, len_bytes };
		struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

		pass_fd_expect(&message, &room);
		got = recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got < 0 && errno == EAGAIN) {
			err = wait_ready(sock, POLLIN, deadline_ns);
			if (err)
				return err;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		if (!got)
			return -EPIPE;
		pass_fd_take(&message, ret_fd);
		data = (char *)data + got;
		len_bytes -= (size_t)got;
	}
	return 0;
}

int wire_receive(int sock, uint64_t deadline_ns, struct wire_message *ret)
{
	struct wire_message message __wire_message = { .fd = -1 };
	int err = receive_all(sock, deadline_ns, &message.head, sizeof(message.head), &message.fd);

	if (err)
		return err;
	if (message.head.len_bytes > WIRE_BODY_MAX || message.head.fd_cnt > WIRE_FD_MAX ||
	    (message.fd >= 0) != (message.head.fd_cnt == 1))
		return -EBADMSG;
	/* One byte more: what is taken as a string ends somewhere. */
	message.body = calloc(1, (size_t)message.head.len_bytes + 1);
	if (!message.body)
		return -ENOMEM;
	err = receive_all(sock, deadline_ns, message.body, message.head.len_bytes, &message.fd);
	if (err)
		return err;
	*ret = message;
	message.body = NULL;
	message.fd = -1;
	return 0;
}

void wire_put_u32(struct buf *buf, uint32_t value)
{
	buf__append(buf, &value, sizeof(value));
}

void wire_put_u64(struct buf *buf, uint64_t value)
{
	buf__append(buf, &value, sizeof(value));
}

void wire_put_str(struct buf *buf, const char *str)
{
	size_t len = strnlen(str, WIRE_STR_MAX);

	wire_put_u32(buf, (uint32_t)len);
	buf__append(buf, str, len);
	buf__append_char(buf, '\0');
}

struct wire_reader wire_reader_of(const struct wire_message *message)
{
	return (struct wire_reader){ message->body, message->head.len_bytes, false };
}

const void *wire_get_bytes(struct wire_reader *reader, size_t len_bytes)
{
	const char *at = reader->at;

	if (reader->bad || len_bytes > reader->left) {
		reader->bad = true;
		return NULL;
	}
	reader->at += len_bytes;
	reader->left -= len_bytes;
	return at;
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
	const void *at = wire_get_bytes(reader, sizeof(uint32_t));
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
	const void *at = wire_get_bytes(reader, sizeof(uint64_t));
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

const char *wire_get_str(struct wire_reader *reader)
{
	uint32_t len = wire_get_u32(reader);
	const char *str = len <= WIRE_STR_MAX ? wire_get_bytes(reader, (size_t)len + 1) : NULL;

	if (str && !str[len])
		return str;
	reader->bad = true;
	return "";
}
