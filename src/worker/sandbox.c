// SPDX-License-Identifier: Apache-2.0
/*
 * The filter is a list of what may be done. Anything else gives EPERM and not death: the C library tries things that it
 * can do without, other ones with each version, and a call that is refused does no harm.
 */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 64

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(field)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW_CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), ALLOW
/* Allowed unless argument @arg (its lower half: little endian) has a bit of @bits. */
#define ALLOW_WITHOUT(name, arg, bits)                                                             \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(args[arg]),                    \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1), REFUSE, ALLOW
/* Allowed if argument @arg is @value. */
#define ALLOW_WITH(name, arg, value)                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(args[arg]),                    \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 1, 0), REFUSE, ALLOW

static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	ALLOW_CALL(read),
	ALLOW_CALL(pread64),
	ALLOW_CALL(lseek),
	ALLOW_CALL(close),
	ALLOW_CALL(fstat),
	/* What fstat() has become. A name in it would tell of other files; glibc gives "". */
	ALLOW_WITH(newfstatat, 3, AT_EMPTY_PATH),
	ALLOW_WITH(fcntl, 1, F_DUPFD_CLOEXEC),
	ALLOW_CALL(recvmsg),
	ALLOW_CALL(sendmsg),
	ALLOW_CALL(ppoll),
#ifdef SYS_poll
	ALLOW_CALL(poll),
#endif
	ALLOW_CALL(brk),
	ALLOW_WITHOUT(mmap, 2, PROT_EXEC),
	ALLOW_WITHOUT(mprotect, 2, PROT_EXEC),
	ALLOW_CALL(munmap),
	ALLOW_CALL(mremap),
	ALLOW_CALL(madvise),
	ALLOW_CALL(futex),
	ALLOW_CALL(clock_gettime),
	ALLOW_CALL(getrandom),
	ALLOW_CALL(getpid),
	ALLOW_CALL(gettid),
	ALLOW_CALL(rt_sigprocmask),
	ALLOW_CALL(rt_sigreturn),
	ALLOW_CALL(restart_syscall),
	ALLOW_CALL(exit),
	ALLOW_CALL(exit_group),
	REFUSE,
};

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

static int set_limit(int which, uint64_t value)
{
	struct rlimit limit = { value, value };

	return setrlimit((__rlimit_resource_t)which, &limit) ? -errno : 0;
}

static int set_limits(const struct sandbox_limits *limits)
{
	int err = set_limit(RLIMIT_CORE, 0);

	if (!err)
		err = set_limit(RLIMIT_FSIZE, 0);
	if (!err)
		err = set_limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
	if (!err && limits->memory_bytes)
		err = set_limit(RLIMIT_DATA, limits->memory_bytes);
	return err;
}

int sandbox_enter(const struct sandbox_limits *limits)
{
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]),
					    (struct sock_filter *)filter };
	int err = set_limits(limits);

	if (!err)
		err = drop_capabilities();
	if (err)
		return err;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}
