/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor that goes along with a message, to another process (unix(7), SCM_RIGHTS). */
#pragma once

#include <sys/socket.h>

/* Room for one, to be put behind a message's msg_control. */
union pass_fd {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Let @fd go along with @message. @room lives until it is sent. */
void pass_fd_put(struct msghdr *message, union pass_fd *room, int fd);
/* Make ready to receive one with @message. */
void pass_fd_expect(struct msghdr *message, union pass_fd *room);
/* The one that came along with @message, whose receiving succeeded, in place of @fd; kept if there is none. */
void pass_fd_take(struct msghdr *message, int *fd);
