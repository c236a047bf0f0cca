// SPDX-License-Identifier: Apache-2.0
/* Answers of the process that reads files, should one of them have taken it over. The first byte says of which kind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/sym_lines.h"
#include "worker/wire_answers.h"
#include "worker/wire_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_table(struct wire_reader *reader)
{
	struct unwind_table *table __free(unwind_table) = NULL;
	const struct unwind_row *rows;
	const uint32_t *pages;
	struct build_id id;
	size_t i;

	if (wire_get_id(reader, &id))
		return;
	if (id.len_bytes > BUILD_ID_MAX_BYTES)
		abort();
	if (wire_get_table(reader, &table))
		return;
	rows = unwind_table__rows(table);
	pages = unwind_table__pages(table);
	if (unwind_table__row_cnt(table) && !rows)
		abort();
	/* The walker searches between them. */
	for (i = 0; i <= unwind_table__page_cnt(table); i++) {
		if (pages[i] > unwind_table__row_cnt(table) || (i && pages[i] < pages[i - 1]))
			abort();
	}
}

static void read_lines(struct wire_reader *reader)
{
	struct sym_lines *kept __free(sym_lines) = sym_lines__new();
	struct sym_line lines[SYM_READ_LINES_MAX], *copies;
	int i, cnt;

	while (kept && (cnt = wire_get_lines(reader, lines, SYM_READ_LINES_MAX)) > 0) {
		copies = sym_lines__alloc(kept, (size_t)cnt);
		for (i = 0; copies && i < cnt; i++) {
			if (!sym_lines__copy(kept, &lines[i], &copies[i]) && !*copies[i].name)
				abort();
		}
	}
}

#define FILE_BYTES (2u << 20)

static void read_object(struct wire_reader *reader)
{
	struct target_object *object __free(target_object) = NULL;
	static struct alloc_fns *fns;
	size_t i, j;

	if ((!fns && alloc_fns__new(NULL, 0, false, &fns)) ||
	    wire_get_object(reader, fns, FILE_BYTES, &object))
		return;
	for (i = 0; i < object->probe_cnt; i++) {
		const struct target_probe *probe = &object->probes[i];

		/* Where breakpoints go, and what the kernel's side looks up. */
		if (probe->site.site_off >= FILE_BYTES || !*probe->name ||
		    probe->probe.fn >= alloc_fns__cnt(fns))
			abort();
		for (j = 0; j < probe->ret_cnt; j++) {
			if (probe->rets[j] >= FILE_BYTES)
				abort();
		}
	}
	for (i = 0; i < object->tail_fn_cnt; i++)
		target_object__mark_tail_called(object, object->tail_fns[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void (*const kinds[])(struct wire_reader *) = { read_lines, read_table, read_object };
	struct wire_reader reader;

	if (!size)
		return 0;
	reader = (struct wire_reader){ .at = (const char *)data + 1, .left = size - 1 };
	kinds[*data % 3](&reader);
	return 0;
}
