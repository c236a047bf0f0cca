// SPDX-License-Identifier: Apache-2.0
#include "base/pass_fd.h"

#include <string.h>

#include "base/cleanup.h"

void pass_fd_put(struct msghdr *message, union pass_fd *room, int fd)
{
	struct cmsghdr *cmsg = &room->align;

	memset(room, 0, sizeof(*room));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	pass_fd_expect(message, room);
}

void pass_fd_expect(struct msghdr *message, union pass_fd *room)
{
	message->msg_control = room->bytes;
	message->msg_controllen = sizeof(room->bytes);
}

void pass_fd_take(struct msghdr *message, int *fd)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);

	/* More than one were not asked for. */
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return;
	cleanup_fd(fd);
	memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
}
