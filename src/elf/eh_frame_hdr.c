// SPDX-License-Identifier: Apache-2.0
#include "elf/eh_frame_hdr.h"

#include <errno.h>
#include <string.h>

#include "elf/elf_file.h"

/* The encodings that all linkers use: signed words relative to the header; a count as a word. Others are passed over. */
#define VERSION     1
#define ENC_PTR     0x1b /* pcrel | sdata4 */
#define ENC_COUNT   0x03 /* udata4 */
#define ENC_TABLE   0x3b /* datarel | sdata4 */
#define HEAD_BYTES  12
#define ENTRY_BYTES 8
#define FDE_START_BYTES                                                                            \
	8 /* length, CIE pointer; then start and length of the code, relative and absolute */

static int32_t word_at(const uint8_t *at)
{
	int32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* The table's entries, and what they are relative to. */
static int read_table(const struct elf_file *elf, struct elf_span *ret, uint64_t *ret_base)
{
	const Elf64_Phdr *phdr = elf_file__find_phdr(elf, PT_GNU_EH_FRAME);
	struct elf_span bytes;
	uint32_t cnt;

	if (!phdr || phdr->p_filesz < HEAD_BYTES ||
	    elf_file__bytes(elf, phdr->p_offset, phdr->p_filesz, &bytes))
		return -ENOENT;
	if (bytes.at[0] != VERSION || bytes.at[1] != ENC_PTR || bytes.at[2] != ENC_COUNT ||
	    bytes.at[3] != ENC_TABLE)
		return -ENOENT;
	cnt = (uint32_t)word_at(bytes.at + 8);
	if (!cnt || cnt > (bytes.len_bytes - HEAD_BYTES) / ENTRY_BYTES)
		return -ENOENT;
	*ret = (struct elf_span){ bytes.at + HEAD_BYTES, (size_t)cnt * ENTRY_BYTES };
	*ret_base = phdr->p_vaddr;
	return 0;
}

/* Does the FDE at @fde say so, and reach to @vaddr? */
static int check_fde(const struct elf_file *elf, uint64_t fde, uint64_t start, uint64_t vaddr)
{
	uint8_t range[8];

	if (elf_file__read_vaddr(elf, fde + FDE_START_BYTES, range, sizeof(range)))
		return -ENOENT;
	if (fde + FDE_START_BYTES + (uint64_t)(int64_t)word_at(range) != start)
		return -ENOENT;
	return vaddr - start < (uint32_t)word_at(range + 4) ? 0 : -ENOENT;
}

int eh_frame_hdr_find(const struct elf_file *elf, uint64_t vaddr, uint64_t *ret_start)
{
	struct elf_span table;
	uint64_t base, start;
	size_t lo = 0, hi, mid;
	int err = read_table(elf, &table, &base);

	if (err)
		return err;
	hi = table.len_bytes / ENTRY_BYTES;
	while (lo < hi) {
		mid = (lo + hi) / 2;
		start = base + (uint64_t)(int64_t)word_at(table.at + mid * ENTRY_BYTES);
		if (start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return -ENOENT;
	table.at += (lo - 1) * ENTRY_BYTES;
	start = base + (uint64_t)(int64_t)word_at(table.at);
	err = check_fde(elf, base + (uint64_t)(int64_t)word_at(table.at + 4), start, vaddr);
	if (!err)
		*ret_start = start;
	return err;
}
