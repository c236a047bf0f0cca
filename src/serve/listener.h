/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets to listen on, from the words of the configuration. */
#pragma once

/* "HOST:PORT", "[V6]:PORT" (numbers or localhost), "unix:PATH" (mode 0600; a dead socket is replaced). 0 or -errno. */
int listener_open(const char *listen, int *ret_fd);
/* The file of a Unix socket goes; nothing else has one. */
void listener_remove(const char *listen);
