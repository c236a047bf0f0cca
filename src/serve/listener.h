/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets to listen on, from the words of the configuration. */
#pragma once

#include <stdbool.h>

/*
 * "HOST:PORT", "[V6]:PORT" (numbers or localhost), "unix:PATH" (mode 0600; a dead socket is replaced). @beside: others may
 * have the port that share it. 0 or -errno.
 */
int listener_open(const char *listen, bool beside, int *ret_fd);
/* May others of our user listen at the port of @fd? */
void listener_share(int fd, bool shared);
/* The file of a Unix socket goes; nothing else has one. */
void listener_remove(const char *listen);
