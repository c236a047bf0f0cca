// SPDX-License-Identifier: Apache-2.0
#include "target/target_cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "elf/elf_file.h"
#include "target/loader_list.h"
#include "target/loader_lists.h"

/* The kernel follows four interpreters of interpreters (fs/exec.c), env(1) adds one. */
#define DEPTH_MAX        6
/* BINPRM_BUF_SIZE of <linux/binfmts.h>: of a longer first line the kernel sees no more either. */
#define FIRST_LINE_BYTES 256
#define DEFAULT_PATH     "/usr/local/bin:/bin:/usr/bin"

struct cmd {
	struct target_set *set;
	const char *const *envp;
	struct target_refs *refs;
	bool may_allocate; /* an allocator was found, or not all that will be mapped is known */
	target_file_fn on_file;
	void *ctx;
};

static int add_program(struct cmd *cmd, const char *path, int depth);

static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return -EACCES;
	return 0;
}

static const char *env_value(const char *const envp[], const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; envp[i]; i++) {
		if (!strncmp(envp[i], name, len) && envp[i][len] == '=')
			return envp[i] + len + 1;
	}
	return NULL;
}

int target_cmd_find(const char *name, const char *const envp[], char **ret_path)
{
	const char *dirs = env_value(envp, "PATH"), *end;
	char path[PATH_MAX];
	int err, worst = -ENOENT, len;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		err = check_executable(name);
		if (err)
			return err;
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	for (dirs = dirs ? dirs : DEFAULT_PATH;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		/* An empty entry is the current directory. */
		len = end == dirs ? snprintf(path, sizeof(path), "./%s", name)
				  : snprintf(path, sizeof(path), "%.*s/%s", (int)(end - dirs), dirs,
					     name);
		err = len >= (int)sizeof(path) ? -ENAMETOOLONG : check_executable(path);
		if (!err) {
			*ret_path = strdup(path);
			return *ret_path ? 0 : -ENOMEM;
		}
		if (err == -EACCES)
			worst = err;
		if (!*end)
			return worst;
	}
}

static int add_file(struct cmd *cmd, int fd, const char *path)
{
	int err = target_set__add_fd(cmd->set, fd, path, cmd->refs);

	if (err == TARGET_OK)
		cmd->may_allocate = true;
	if (err >= 0)
		err = cmd->on_file ? cmd->on_file(cmd->ctx, fd, path) : 0;
	return err;
}

/* Libraries come and go between the list and now: one that cannot be opened is not there. */
static int add_path(struct cmd *cmd, const char *path)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	if (fd < 0)
		return 0;
	err = add_file(cmd, fd, path);
	return err == -ENOMEM ? err : 0;
}

static int add_libraries(struct cmd *cmd, const char *loader, const char *exe)
{
	char *list __free_mem = NULL, *pos, *path;
	int err;

	err = add_path(cmd, loader);
	if (err)
		return err;
	err = loader_lists__get(target_set__lists(cmd->set), loader, exe, cmd->envp, &list);
	if (err == -ENOMEM)
		return err;
	/* Without a list the libraries are found when they are mapped; one that is missing leaves none. */
	cmd->may_allocate |= err || !*list;
	if (err)
		return 0;
	pos = list;
	while (!err && (path = loader_list_next(&pos)))
		err = add_path(cmd, path);
	return err;
}

/* Free of symbolic links, as /proc/PID/exe will name it and where the loader has $ORIGIN from. */
static int real_path(int fd, char ret[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	ret[len] = '\0';
	return 0;
}

static int add_elf(struct cmd *cmd, int fd)
{
	struct elf_file *elf __free(elf_file) = NULL;
	const Elf64_Phdr *interp;
	char loader[PATH_MAX], path[PATH_MAX];
	int err;

	err = real_path(fd, path);
	if (err)
		return err;
	err = elf_file__open_fd(fd, &elf);
	if (err == -ENOTSUP)
		return TARGET_32BIT;
	if (err)
		return err;
	err = add_file(cmd, fd, path);
	interp = elf_file__find_phdr(elf, PT_INTERP);
	if (err || !interp)
		return err;
	if (!interp->p_filesz || interp->p_filesz > sizeof(loader))
		return -ENOEXEC;
	err = elf_file__read(elf, interp->p_offset, loader, interp->p_filesz);
	if (err || loader[interp->p_filesz - 1])
		return -ENOEXEC;
	return add_libraries(cmd, loader, path);
}

static char *next_word(char **pos)
{
	char *word = *pos + strspn(*pos, " \t"), *end = word + strcspn(word, " \t");

	*pos = *end ? end + 1 : end;
	*end = '\0';
	return *word ? word : NULL;
}

/* "#!INTERPRETER ARG": the interpreter, and if that is env(1) the program it will look for. */
/* DEPTH_MAX bounds it. NOLINTNEXTLINE(misc-no-recursion) */
static int add_script(struct cmd *cmd, char *line, int depth)
{
	char *pos = line, *program = next_word(&pos), *word, *base;
	char *found __free_mem = NULL;
	int err;

	if (!program)
		return -ENOEXEC;
	err = add_program(cmd, program, depth + 1);
	base = strrchr(program, '/');
	if (err || strcmp(base ? base + 1 : program, "env"))
		return err;
	while ((word = next_word(&pos))) {
		if (*word == '-' || strchr(word, '='))
			continue;
		err = target_cmd_find(word, cmd->envp, &found);
		/* That is env's error to report, not ours. */
		return err ? (err == -ENOMEM ? err : 0) : add_program(cmd, found, depth + 1);
	}
	return 0;
}

/* DEPTH_MAX bounds it. NOLINTNEXTLINE(misc-no-recursion) */
static int add_program(struct cmd *cmd, const char *path, int depth)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char line[FIRST_LINE_BYTES + 1] = {};
	ssize_t len;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (fd < 0)
		return -errno;
	len = pread(fd, line, FIRST_LINE_BYTES, 0);
	if (len < 0)
		return -errno;
	line[len] = '\0';
	if (!memcmp(line, ELFMAG, SELFMAG))
		return add_elf(cmd, fd);
	if (!strncmp(line, "#!", 2)) {
		line[strcspn(line, "\n")] = '\0';
		return add_script(cmd, line + 2, depth);
	}
	/* As execvp() does with what the kernel does not know. */
	return strcmp(path, "/bin/sh") ? add_program(cmd, "/bin/sh", depth + 1) : -ENOEXEC;
}

int target_set__add_cmd(struct target_set *set, const char *const argv[], const char *const envp[],
			target_file_fn on_file, void *ctx, struct target_refs *ret)
{
	struct cmd cmd = { .set = set, .envp = envp, .refs = ret, .on_file = on_file, .ctx = ctx };
	char *path __free_mem = NULL;
	int err;

	if (!argv[0])
		return -ENOENT;
	err = target_cmd_find(argv[0], envp, &path);
	if (!err)
		err = add_program(&cmd, path, 0);
	if (err)
		return err;
	return cmd.may_allocate ? TARGET_OK : TARGET_NO_ALLOCATOR;
}
