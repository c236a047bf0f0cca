// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_info.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fdio.h"

#define TEXT_MAX_BYTES (64u << 10)
#define KERNEL_THREAD  0x00200000u /* PF_KTHREAD, include/linux/sched.h */

/* Fields of /proc/PID/stat behind the state, numbered as in proc(5). */
enum stat_field { STAT_PPID = 4, STAT_FLAGS = 9, STAT_START = 22 };

static int no_process(int err)
{
	return err == -ENOENT ? -ESRCH : err;
}

static int read_text(pid_t pid, const char *name, char **ret)
{
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return no_process(fdio_read_file(path, TEXT_MAX_BYTES, ret, &len));
}

/* "PID (comm) S PPID …": comm may hold parentheses, spaces and newlines; the last ')' ends it. */
static int parse_stat(const char *stat, struct proc_info *info)
{
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')'), *pos;
	unsigned long long value;
	size_t len;
	char *end;
	int field;

	if (!open || !close || close < open || close[1] != ' ' || !close[2] || close[2] == ' ')
		return -EPROTO;
	info->pid = (pid_t)strtol(stat, NULL, 10);
	len = (size_t)(close - open - 1);
	if (len >= sizeof(info->comm))
		len = sizeof(info->comm) - 1;
	memcpy(info->comm, open + 1, len);
	info->comm[len] = '\0';
	info->state = close[2];
	info->is_zombie = info->state == 'Z' || info->state == 'X' || info->state == 'x';

	pos = close + 3;
	for (field = STAT_PPID; field <= STAT_START; field++) {
		errno = 0;
		value = strtoull(pos, &end, 10);
		if (end == pos || errno)
			return -EPROTO;
		pos = end;
		if (field == STAT_PPID)
			info->ppid = (pid_t)value;
		else if (field == STAT_FLAGS)
			info->is_kernel_thread = value & KERNEL_THREAD;
		else if (field == STAT_START)
			info->start_ticks = value;
	}
	return 0;
}

const char *proc_status_value(const char *status, const char *key)
{
	size_t len = strlen(key);
	const char *line = status;

	while (line && *line) {
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}

/* Numbers on the line at @pos, at most @max of them. */
static size_t line_numbers(const char *pos, long *numbers, size_t max)
{
	size_t cnt = 0;
	char *end;

	while (pos && cnt < max) {
		while (*pos == ' ' || *pos == '\t')
			pos++;
		if (*pos < '0' || *pos > '9')
			break;
		numbers[cnt++] = strtol(pos, &end, 10);
		pos = end;
	}
	return cnt;
}

static int parse_status(const char *status, struct proc_info *info)
{
	long numbers[PROC_NS_LEVELS];
	size_t cnt, i;

	if (line_numbers(proc_status_value(status, "Uid"), numbers, 4) != 4)
		return -EPROTO;
	info->uid = (uid_t)numbers[1];
	if (line_numbers(proc_status_value(status, "Seccomp"), numbers, 1) == 1)
		info->seccomp = (enum proc_seccomp)numbers[0];
	cnt = line_numbers(proc_status_value(status, "NSpid"), numbers, PROC_NS_LEVELS);
	for (i = 0; i < cnt; i++)
		info->ns_pid[i] = (pid_t)numbers[i];
	info->ns_pid_cnt = cnt;
	return 0;
}

int proc_info__parse(const char *stat, const char *status, struct proc_info *ret)
{
	struct proc_info info = {};
	int err;

	err = parse_stat(stat, &info);
	if (!err)
		err = parse_status(status, &info);
	if (err)
		return err;
	*ret = info;
	return 0;
}

int proc_info__read(pid_t pid, struct proc_info *ret)
{
	char *stat __free_mem = NULL, *status __free_mem = NULL;
	int err;

	err = read_text(pid, "stat", &stat);
	if (!err)
		err = read_text(pid, "status", &status);
	if (err)
		return err;
	return proc_info__parse(stat, status, ret);
}

int proc_cmdline(pid_t pid, size_t max_bytes, char **ret)
{
	char path[64], *text __free_mem = malloc(max_bytes + 1);
	int fd __close_fd = -1;
	struct proc_info info;
	ssize_t len, i;
	int err;

	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return no_process(-errno);
	len = pread(fd, text, max_bytes, 0);
	if (len < 0)
		return -errno;
	while (len && !text[len - 1])
		len--;
	for (i = 0; i < len; i++) {
		if (!text[i])
			text[i] = ' ';
		else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
	text[len] = '\0';
	if (!len) {
		err = proc_info__read(pid, &info);
		if (err)
			return err;
		snprintf(text, max_bytes + 1, "[%s]", info.comm);
	}
	*ret = TAKE_PTR(text);
	return 0;
}

int proc_exe_path(pid_t pid, char **ret)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	len = readlink(path, target, sizeof(target));
	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(target))
		return -ENAMETOOLONG;
	*ret = strndup(target, (size_t)len);
	return *ret ? 0 : -ENOMEM;
}

int proc_exe_bits(pid_t pid, unsigned int *ret_bits)
{
	unsigned char ident[EI_NIDENT];
	int fd __close_fd = -1;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	err = fdio_pread(fd, ident, sizeof(ident), 0);
	if (err)
		return err == -ENODATA ? -ENOEXEC : err;
	if (memcmp(ident, ELFMAG, SELFMAG) ||
	    (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64))
		return -ENOEXEC;
	*ret_bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	return 0;
}

bool proc_is_translated(pid_t pid)
{
	char *exe __free_mem = NULL;
	const char *base;

	if (proc_exe_path(pid, &exe))
		return false;
	base = strrchr(exe, '/');
	base = base ? base + 1 : exe;
	/* /usr/libexec/valgrind/memcheck-amd64-linux, and where others keep it. */
	return strstr(exe, "/valgrind/") || !strcmp(base, "pinbin");
}
