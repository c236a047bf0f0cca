// SPDX-License-Identifier: Apache-2.0
/*
 * Three kinds of evidence, from strong to weak; what is only likely is left to the walker's guess.
 *
 *  - exact bytes: system calls that only a signal restorer makes, the child's half of musl's clone;
 *  - the file's entry point: nobody called it;
 *  - an indirect call whose result goes straight to exit() or pthread_exit(): whatever that calls
 * is main or a thread's function. These two are looked up by name, so a stripped static program
 * does not profit.
 */
#include "unwind/code_roles.h"

#include <errno.h>
#include <string.h>

#include "elf/elf_syms.h"

/* musl's and glibc's entry code is 22 to 61 bytes long. */
#define ENTRY_MAX_BYTES   128u
#define X86_RET           0xc3
#define PATTERN_MAX_BYTES 9u
/* An indirect call, mov %rax,%rdi, call rel32. */
#define EXIT_MAX_BYTES    (8u + 3u + 5u)
#define EXIT_MAX_CNT      8u
/* glibc's __start_context is 26 bytes long, with shadow stacks 70. */
#define CONTEXT_MIN_BYTES 16u
#define CONTEXT_MAX_BYTES 128u

struct code_roles {
	const struct elf_file *elf;
	struct code_window *code;
	bool exits_known;
	uint64_t exits[EXIT_MAX_CNT]; /* addresses of functions that end a process or a thread */
	unsigned exit_cnt;
};

struct code_pattern {
	enum code_role role;
	uint16_t machine;
	uint8_t len_bytes;
	const char *bytes;
};

static const struct code_pattern patterns[] = {
	/* mov $15,%rax; syscall: glibc's and musl's __restore_rt. mov $15,%eax; syscall: Go's. */
	{ CODE_SIGNAL_RESTORER, EM_X86_64, 9, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05" },
	{ CODE_SIGNAL_RESTORER, EM_X86_64, 7, "\xb8\x0f\0\0\0\x0f\x05" },
	/* xor %ebp,%ebp; pop %rdi; call *%r9; mov %eax,%edi: the child's side of musl's __clone. */
	{ CODE_OUTERMOST, EM_X86_64, 8, "\x31\xed\x5f\x41\xff\xd1\x89\xc7" },
	/* mov x8,#139; svc #0: __kernel_rt_sigreturn and C libraries' own. */
	{ CODE_SIGNAL_RESTORER, EM_AARCH64, 8, "\x68\x11\x80\xd2\x01\0\0\xd4" },
	/* blr x1; mov x8,#93: the child's side of musl's __clone. */
	{ CODE_OUTERMOST, EM_AARCH64, 8, "\x20\0\x3f\xd6\xa8\x0b\x80\xd2" },
};

int code_roles__new(const struct elf_file *elf, struct code_window *code, struct code_roles **ret)
{
	struct code_roles *roles = calloc(1, sizeof(*roles));

	if (!roles)
		return -ENOMEM;
	roles->elf = elf;
	roles->code = code;
	*ret = roles;
	return 0;
}

void code_roles__free(struct code_roles *roles)
{
	free(roles);
}

/* --- calls whose result is passed to exit ------------------------------------------------ */

static bool is_exit_name(const char *name)
{
	return strcmp(name, "exit") == 0 || strcmp(name, "pthread_exit") == 0 ||
	       strcmp(name, "__pthread_exit") == 0;
}

static void roles_add_exits(struct code_roles *roles, uint32_t section_type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;

	if (elf_sym_iter__init(&it, roles->elf, section_type))
		return;
	while (roles->exit_cnt < EXIT_MAX_CNT && elf_sym_iter__next(&it, &sym))
		if (sym.executable && sym.type == STT_FUNC && is_exit_name(sym.name))
			roles->exits[roles->exit_cnt++] = sym.value;
}

/* The symbol tables are read when the first candidate asks, which is in few files. */
static bool roles_is_exit(struct code_roles *roles, uint64_t vaddr)
{
	if (!roles->exits_known) {
		roles->exits_known = true;
		roles_add_exits(roles, SHT_SYMTAB);
		if (!roles->exit_cnt)
			roles_add_exits(roles, SHT_DYNSYM);
	}
	for (unsigned i = 0; i < roles->exit_cnt; i++)
		if (roles->exits[i] == vaddr)
			return true;
	return false;
}

/* The length of an indirect call that ends at @p + @end, or 0. */
static size_t indirect_call_before(const uint8_t *p, size_t end)
{
	for (size_t len = 2; len <= 7 && len <= end; len++)
		if (code_x86_indirect_call_len(p + end - len, len) == len)
			return len;
	return 0;
}

/* Within @len_bytes at @p, mapped at @vaddr: the first such call as [*@ret, *@ret_end). */
static bool roles_find_exit(struct code_roles *roles, const uint8_t *p, size_t len_bytes,
			    uint64_t vaddr, size_t *ret, size_t *ret_end)
{
	const uint8_t *hit = p, *end = p + len_bytes;
	size_t mov, call_len;
	int32_t rel;

	/* mov %eax,%edi or %rax,%rdi, then call rel32 */
	for (; (hit = memmem(hit, (size_t)(end - hit), "\x89\xc7\xe8", 3)); hit++) {
		if (end - hit < 7)
			return false;
		memcpy(&rel, hit + 3, sizeof(rel));
		mov = (size_t)(hit - p);
		if (mov && hit[-1] == 0x48)
			mov--;
		call_len = indirect_call_before(p, mov);
		if (!call_len)
			continue;
		if (!roles_is_exit(roles, vaddr + (uint64_t)(hit - p) + 7 + (uint64_t)(int64_t)rel))
			continue;
		*ret = mov - call_len;
		*ret_end = mov;
		return true;
	}
	return false;
}

/* --- all kinds --------------------------------------------------------------------------- */

/* The first place in the @len_bytes at @p, by offsets from @p. */
static bool roles_find_in(struct code_roles *roles, const uint8_t *p, size_t len_bytes,
			  uint64_t vaddr, struct code_place *ret)
{
	const struct code_pattern *pattern;
	size_t off, end;
	const uint8_t *hit;

	*ret = (struct code_place){ .off = len_bytes };
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		pattern = &patterns[i];
		if (pattern->machine != elf_file__machine(roles->elf))
			continue;
		hit = memmem(p, len_bytes, pattern->bytes, pattern->len_bytes);
		if (!hit || (uint64_t)(hit - p) >= ret->off)
			continue;
		ret->role = pattern->role;
		ret->off = (uint64_t)(hit - p);
		ret->end = ret->off + pattern->len_bytes;
	}
	if (elf_file__machine(roles->elf) == EM_X86_64 &&
	    roles_find_exit(roles, p, len_bytes, vaddr, &off, &end) && off < ret->off)
		*ret = (struct code_place){ off, end, CODE_OUTERMOST };
	return ret->off < len_bytes;
}

bool code_roles__find(struct code_roles *roles, uint64_t off, uint64_t end, uint64_t vaddr,
		      struct code_place *ret)
{
	const size_t overlap =
		EXIT_MAX_BYTES > PATTERN_MAX_BYTES ? EXIT_MAX_BYTES : PATTERN_MAX_BYTES;
	struct code_place place;
	const uint8_t *p;
	size_t len;

	while (off < end) {
		len = end - off < CODE_WINDOW_BYTES ? end - off : CODE_WINDOW_BYTES;
		p = code_window__get(roles->code, off, len);
		if (!p)
			return false;
		if (roles_find_in(roles, p, len, vaddr, &place)) {
			*ret = (struct code_place){ off + place.off, off + place.end, place.role };
			return true;
		}
		if (len == end - off)
			return false;
		off += len - overlap;
		vaddr += len - overlap;
	}
	return false;
}

uint64_t code_roles__entry_end(struct code_roles *roles, uint64_t off, uint64_t end)
{
	const uint8_t *p, *ret_insn;
	size_t len = end - off < ENTRY_MAX_BYTES ? end - off : ENTRY_MAX_BYTES;

	p = code_window__get(roles->code, off, len);
	if (!p)
		return off;
	ret_insn = elf_file__machine(roles->elf) == EM_X86_64 ? memchr(p, X86_RET, len) : NULL;
	return ret_insn ? off + (uint64_t)(ret_insn - p) + 1 : off + len;
}

bool code_roles__ends_context(struct code_roles *roles, uint64_t off, uint64_t len_bytes)
{
	static const struct {
		const char *bytes;
		size_t len;
	} starts[] = {
		/* mov %rbx,%rsp; mov (%rsp),%rdi; test %rdi,%rdi; before glibc 2.26: pop %rdi */
		{ "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff", 10 },
		{ "\x48\x89\xdc\x5f\x48\x85\xff", 7 },
	};
	const uint8_t *p;
	size_t skip;

	if (elf_file__machine(roles->elf) != EM_X86_64 || len_bytes < CONTEXT_MIN_BYTES ||
	    len_bytes > CONTEXT_MAX_BYTES)
		return false;
	p = code_window__get(roles->code, off, CONTEXT_MIN_BYTES);
	if (!p)
		return false;
	skip = memcmp(p, "\xf3\x0f\x1e\xfa", 4) ? 0 : 4; /* endbr64 */
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!memcmp(p + skip, starts[i].bytes, starts[i].len))
			return true;
	return false;
}
