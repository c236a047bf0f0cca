// SPDX-License-Identifier: Apache-2.0
/*
 * The stacks of a process at its allocations, by libdw: an unwinder that shares nothing with ours.
 *
 *	dwfl-stacks -p PID -n HITS -o FILE MODULE FUNCTION...
 *
 * Stops every thread of PID and says "stopped"; runs it after a byte on standard input; takes the
 * stack of the next HITS calls of up to four FUNCTIONs, defined in the mapped file MODULE; says
 * "done" and holds back every call after those until another byte arrives. So another tracer that
 * attaches at "stopped" and detaches at "done" has seen exactly the same calls.
 *
 * Hardware breakpoints: the code stays as it is, a uprobe may sit on the same instruction, no
 * thread can slip past while another is stepped. Exit status 77: there are none here.
 *
 * FILE has a line per call: "FUNCTION SIZE TID SP END FRAME...", the caller first, SP that of the
 * function's entry, END "root" or the reason why libdw gave up. A frame is PATH+0xOFFSET, the file
 * offset of the call (return address - 1); in front of the caller, a frame that is itself in an
 * allocator function is written as !NAME.
 */
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#define FNS_MAX     4
#define THREADS_MAX 4096
#define VMAS_MAX    16384

struct vma {
	uint64_t start, end, offset;
	char path[256];
};

struct thread {
	pid_t tid;
	int stopped;
	int held; /* at a breakpoint that is not counted any more */
};

static pid_t pid;
static long hits, hits_max = 2000;
static FILE *out;
static const char *module_name;
static const char *fn_names[FNS_MAX];
static uint64_t fn_address[FNS_MAX];
static int fn_cnt;
static struct thread threads[THREADS_MAX];
static int thread_cnt;
static struct vma *vmas;
static int vma_cnt;
static Dwfl *dwfl;

static void die(const char *what)
{
	fprintf(stderr, "dwfl-stacks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void die_dwfl(const char *what)
{
	fprintf(stderr, "dwfl-stacks: %s: %s\n", what, dwfl_errmsg(-1));
	exit(1);
}

/* --- what is mapped ------------------------------------------------------------------------ */

static void read_vmas(void)
{
	char path[64], line[4096];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		die(path);
	vma_cnt = 0;
	while (vma_cnt < VMAS_MAX && fgets(line, sizeof(line), f)) {
		struct vma *v = &vmas[vma_cnt];

		v->path[0] = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %255[^\n]",
			   &v->start, &v->end, &v->offset, v->path) >= 3)
			vma_cnt++;
	}
	fclose(f);
}

static const struct vma *find_vma(uint64_t address)
{
	for (int i = 0; i < vma_cnt; i++)
		if (vmas[i].start <= address && address < vmas[i].end)
			return &vmas[i];
	return NULL;
}

static void report_modules(void)
{
	read_vmas();
	dwfl_report_begin(dwfl);
	if (dwfl_linux_proc_report(dwfl, pid) || dwfl_report_end(dwfl, NULL, NULL))
		die_dwfl("cannot read the process's modules");
}

/* .eh_frame is enough; separate debug files would only cost time. */
static int no_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **ret)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = no_debuginfo,
};

static int find_functions(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr start,
			  void *arg)
{
	const char *file = strrchr(name, '/');
	int n;

	if (strcmp(file ? file + 1 : name, module_name))
		return DWARF_CB_OK;
	n = dwfl_module_getsymtab(mod);
	for (int i = 0; i < n; i++) {
		GElf_Addr address;
		GElf_Sym sym;
		const char *sym_name =
			dwfl_module_getsym_info(mod, i, &sym, &address, NULL, NULL, NULL);

		if (!sym_name || sym.st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym.st_info) != STT_FUNC)
			continue;
		for (int k = 0; k < fn_cnt; k++)
			if (!strcmp(sym_name, fn_names[k]))
				fn_address[k] = address;
	}
	return DWARF_CB_OK;
}

static int is_allocator(const char *name)
{
	static const char *const names[] = {
		"malloc",          "calloc",
		"realloc",         "reallocarray",
		"memalign",        "aligned_alloc",
		"posix_memalign",  "valloc",
		"pvalloc",         "__libc_malloc",
		"__libc_calloc",   "__libc_realloc",
		"__libc_memalign", "__libc_reallocarray",
	};

	if (!name)
		return 0;
	if (!strncmp(name, "_Znw", 4) || !strncmp(name, "_Zna", 4))
		return 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return 1;
	return 0;
}

/* --- one stack ----------------------------------------------------------------------------- */

struct walk {
	char *text;
	size_t size, used;
	int in_allocator; /* no caller proper yet */
};

static void append(struct walk *w, const char *format, const char *s, uint64_t n)
{
	for (;;) {
		size_t room = w->size - w->used;
		int need = snprintf(w->text + w->used, room, format, s, n);

		if (need >= 0 && (size_t)need < room) {
			w->used += need;
			return;
		}
		w->size *= 2;
		w->text = realloc(w->text, w->size);
		if (!w->text)
			die("memory");
	}
}

static int take_frame(Dwfl_Frame *state, void *arg)
{
	struct walk *w = arg;
	const struct vma *vma;
	bool activation;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(state, &pc, &activation))
		return DWARF_CB_ABORT;
	pc -= !activation;
	vma = find_vma(pc);
	if (!vma) {
		report_modules();
		vma = find_vma(pc);
	}
	if (w->in_allocator) {
		Dwfl_Module *mod = dwfl_addrmodule(dwfl, pc);
		const char *name = mod ? dwfl_module_addrname(mod, pc) : NULL;

		w->in_allocator = is_allocator(name);
		if (w->in_allocator) {
			append(w, " !%s", name, 0);
			return DWARF_CB_OK;
		}
	}
	if (vma && vma->path[0] == '/')
		append(w, " %s+0x%" PRIx64, vma->path, pc - vma->start + vma->offset);
	else
		append(w, " %s+0x%" PRIx64, vma ? "[anon]" : "[none]", pc);
	return DWARF_CB_OK;
}

/*
 * Start at the call: the function's first instruction need not have information, and there its
 * caller is known for certain. One byte before the return address, because the first frame's place
 * is taken as it stands.
 */
static void stand_at_call(pid_t tid, const struct user_regs_struct *regs)
{
	struct user_regs_struct caller = *regs;

	errno = 0;
	caller.rip = (unsigned long)ptrace(PTRACE_PEEKDATA, tid, regs->rsp, 0) - 1;
	caller.rsp += 8;
	if (errno || ptrace(PTRACE_SETREGS, tid, 0, &caller))
		die("registers");
}

static void take_stack(pid_t tid, int fn, const struct user_regs_struct *regs)
{
	struct walk w = { .size = 4096, .in_allocator = 1 };
	uint64_t size = !strcmp(fn_names[fn], "calloc")    ? regs->rdi * regs->rsi
			: !strcmp(fn_names[fn], "realloc") ? regs->rsi
							   : regs->rdi;
	char end[128] = "root";

	w.text = calloc(1, w.size);
	if (!w.text)
		die("memory");
	stand_at_call(tid, regs);
	if (dwfl_getthread_frames(dwfl, tid, take_frame, &w)) {
		snprintf(end, sizeof(end), "%s", dwfl_errmsg(-1));
		for (char *c = end; *c; c++)
			if (*c == ' ')
				*c = '_';
	}
	if (ptrace(PTRACE_SETREGS, tid, 0, regs))
		die("registers");
	fprintf(out, "%s %" PRIu64 " %d 0x%llx %s%s\n", fn_names[fn], size, tid, regs->rsp, end,
		w.text);
	free(w.text);
}

/* --- threads and breakpoints --------------------------------------------------------------- */

static struct thread *find_thread(pid_t tid)
{
	for (int i = 0; i < thread_cnt; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	if (thread_cnt == THREADS_MAX)
		die("too many threads");
	threads[thread_cnt] = (struct thread){ .tid = tid };
	return &threads[thread_cnt++];
}

static void poke_debug(pid_t tid, int reg, uint64_t value)
{
	if (ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg) + reg * 8, value) &&
	    errno != ESRCH) {
		fprintf(stderr, "dwfl-stacks: debug registers: %s\n", strerror(errno));
		exit(77);
	}
}

/* Execution breakpoints: in DR7, bit 2i enables number i, and zeros ask for a fetch. */
static void arm(pid_t tid, int on)
{
	uint64_t dr7 = 0;

	for (int i = 0; i < fn_cnt; i++) {
		if (on)
			poke_debug(tid, i, fn_address[i]);
		dr7 |= 1ull << (2 * i);
	}
	poke_debug(tid, 7, on ? dr7 : 0);
}

static int breakpoint_at(const struct user_regs_struct *regs)
{
	for (int i = 0; i < fn_cnt; i++)
		if (regs->rip == fn_address[i])
			return i;
	return -1;
}

static void resume(struct thread *t, int sig)
{
	t->stopped = 0;
	if (ptrace(PTRACE_CONT, t->tid, 0, sig) && errno != ESRCH)
		die("continue");
}

static void seize_all(void)
{
	char path[64];
	int before;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	/* Threads may be made while we look: again until there is none that we do not have. */
	do {
		struct dirent *entry;
		DIR *dir = opendir(path);

		if (!dir)
			die(path);
		before = thread_cnt;
		while ((entry = readdir(dir))) {
			pid_t tid = atoi(entry->d_name);
			int known = 0, status;

			for (int i = 0; i < thread_cnt; i++)
				known |= threads[i].tid == tid;
			if (!tid || known)
				continue;
			if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACECLONE)) {
				if (errno == ESRCH)
					continue;
				die("seize");
			}
			if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) ||
			    waitpid(tid, &status, __WALL) != tid)
				die("interrupt");
			find_thread(tid)->stopped = 1;
		}
		closedir(dir);
	} while (thread_cnt != before);
}

/* One event of one thread. */
static void handle(pid_t tid, int status)
{
	struct thread *t = find_thread(tid);
	struct user_regs_struct regs;
	int sig, fn;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		*t = threads[--thread_cnt];
		return;
	}
	t->stopped = 1;
	sig = WSTOPSIG(status);
	if (status >> 16 == PTRACE_EVENT_STOP) {
		arm(tid, 1); /* a new thread, or a group stop: harmless */
		resume(t, 0);
		return;
	}
	if (status >> 16) {
		resume(t, 0);
		return;
	}
	if (sig != SIGTRAP) {
		resume(t, sig);
		return;
	}
	if (ptrace(PTRACE_GETREGS, tid, 0, &regs))
		die("registers");
	fn = breakpoint_at(&regs);
	if (fn >= 0 && hits == hits_max) {
		t->held = 1;
		return;
	}
	if (fn >= 0) {
		take_stack(tid, fn, &regs);
		hits++;
	}
	resume(t, fn >= 0 ? 0 : sig);
}

static void let_go(void)
{
	int status;

	for (int i = 0; i < thread_cnt; i++) {
		pid_t tid = threads[i].tid;

		if (!threads[i].stopped &&
		    (ptrace(PTRACE_INTERRUPT, tid, 0, 0) || waitpid(tid, &status, __WALL) != tid))
			continue;
		arm(tid, 0);
		ptrace(PTRACE_DETACH, tid, 0, 0);
	}
}

static void say(const char *line)
{
	printf("%s\n", line);
	fflush(stdout);
}

/* Wait for a byte; meanwhile (after "done") threads may still stop, and new ones want to go on. */
static void gate(void)
{
	char c;

	if (read(0, &c, 1) < 0)
		die("standard input");
}

static void options(int argc, char **argv)
{
	const char *path = "/dev/stdout";
	int opt;

	while ((opt = getopt(argc, argv, "+p:n:o:")) >= 0) {
		if (opt == 'p')
			pid = atoi(optarg);
		else if (opt == 'n')
			hits_max = atol(optarg);
		else if (opt == 'o')
			path = optarg;
		else
			exit(2);
	}
	if (!pid || argc - optind < 2 || argc - optind > 1 + FNS_MAX) {
		fprintf(stderr, "dwfl-stacks -p PID -n HITS -o FILE MODULE FUNCTION...\n");
		exit(2);
	}
	module_name = argv[optind++];
	while (optind < argc)
		fn_names[fn_cnt++] = argv[optind++];
	out = fopen(path, "we");
	if (!out)
		die(path);
}

int main(int argc, char **argv)
{
	int status;
	pid_t tid;

	options(argc, argv);
	vmas = calloc(VMAS_MAX, sizeof(*vmas));
	if (!vmas)
		die("memory");
	seize_all();
	dwfl = dwfl_begin(&callbacks);
	if (!dwfl)
		die_dwfl("dwfl");
	report_modules();
	if (dwfl_linux_proc_attach(dwfl, pid, true))
		die_dwfl("attach");
	dwfl_getmodules(dwfl, find_functions, NULL, 0);
	for (int i = 0; i < fn_cnt; i++) {
		if (!fn_address[i]) {
			fprintf(stderr, "dwfl-stacks: no %s in %s\n", fn_names[i], module_name);
			let_go();
			return 1;
		}
	}
	for (int i = 0; i < thread_cnt; i++)
		arm(threads[i].tid, 1);
	say("stopped");
	gate();
	for (int i = 0; i < thread_cnt; i++)
		resume(&threads[i], 0);
	while (hits < hits_max && (tid = waitpid(-1, &status, __WALL)) > 0)
		handle(tid, status);
	/* The last of them may still be inside; a call after it is held where it begins. */
	for (int i = 0; i < 20; i++) {
		usleep(10000);
		while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
			handle(tid, status);
	}
	fclose(out);
	say("done");
	gate();
	let_go();
	return 0;
}
