// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define COLS_DEFAULT 80
#define ROWS_DEFAULT 24

/* Switch to the other screen and hide the cursor; and back. */
#define ENTER "\x1b[?1049h\x1b[?25l"
#define LEAVE "\x1b[?25h\x1b[?1049l"

struct terminal {
	struct termios before;
	sigset_t mask_before;
	int signal_fd; /* SIGWINCH */
	int epoll_fd;
	bool entered; /* at the first page: messages from before it stay to be seen */
};

static int watch(struct terminal *terminal, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(terminal->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_all(struct terminal *terminal)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	terminal->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	terminal->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (terminal->signal_fd < 0 || terminal->epoll_fd < 0 ||
	    sigprocmask(SIG_BLOCK, &set, &terminal->mask_before))
		return -errno;
	err = watch(terminal, STDIN_FILENO);
	return err ? err : watch(terminal, terminal->signal_fd);
}

int terminal_open(struct terminal **ret)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));
	struct termios raw;
	int err;

	if (!terminal)
		return -ENOMEM;
	terminal->signal_fd = terminal->epoll_fd = -1;
	err = tcgetattr(STDIN_FILENO, &terminal->before) ? -errno : watch_all(terminal);
	if (err) {
		cleanup_fd(&terminal->signal_fd);
		cleanup_fd(&terminal->epoll_fd);
		free(terminal);
		return err;
	}
	raw = terminal->before;
	/* Ctrl-C stays a signal. Ctrl-Z would leave the shell with our screen. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	*ret = terminal;
	return 0;
}

void terminal__close(struct terminal *terminal)
{
	if (!terminal)
		return;
	if (terminal->entered)
		fdio_write(STDOUT_FILENO, LEAVE, strlen(LEAVE));
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	cleanup_fd(&terminal->epoll_fd);
	cleanup_fd(&terminal->signal_fd);
	sigprocmask(SIG_SETMASK, &terminal->mask_before, NULL);
	free(terminal);
}

int terminal__fd(const struct terminal *terminal)
{
	return terminal->epoll_fd;
}

int terminal__key(struct terminal *terminal)
{
	struct signalfd_siginfo info;
	struct epoll_event event;
	unsigned char key;
	ssize_t cnt;

	while (read(terminal->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	cnt = read(STDIN_FILENO, &key, 1);
	if (cnt == 1)
		return key;
	/* Readable and yet nothing there: it has been hung up. */
	if (!cnt && epoll_wait(terminal->epoll_fd, &event, 1, 0) > 0 &&
	    event.data.fd == STDIN_FILENO)
		return -1;
	return cnt < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

void terminal__size(const struct terminal *terminal, size_t *ret_cols, size_t *ret_rows)
{
	struct winsize size = {};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_cols = size.ws_col ? size.ws_col : COLS_DEFAULT;
	*ret_rows = size.ws_row ? size.ws_row : ROWS_DEFAULT;
}

void terminal__draw(struct terminal *terminal, const struct buf *text)
{
	struct buf *out __free(buf) = buf__new(0);
	const char *line = buf__data(text), *end;
	size_t cols, rows, i;

	if (!out)
		return;
	terminal__size(terminal, &cols, &rows);
	buf__append_str(out, terminal->entered ? "\x1b[H" : ENTER "\x1b[H");
	terminal->entered = true;
	for (i = 0; i < rows && *line; i++) {
		end = strchrnul(line, '\n');
		/* No new line behind the last: it would scroll. */
		buf__append_str(out, i ? "\r\n" : "");
		buf__append(out, line, (size_t)(end - line));
		buf__append_str(out, "\x1b[K");
		line = *end ? end + 1 : end;
	}
	buf__append_str(out, "\x1b[J");
	fdio_write(STDOUT_FILENO, buf__data(out), buf__len(out));
}
