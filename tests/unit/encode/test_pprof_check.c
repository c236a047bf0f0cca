// SPDX-License-Identifier: Apache-2.0
/* A message that obeys every rule, and one thing broken at a time. */
#include "encode/pprof_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "encode/protobuf.h"

struct fault { /* what to break, 0: nothing */
	uint64_t mapping_id, location_id, function_id;
	uint64_t loc_ref, function_ref, name_ref;
	bool no_address, no_line, no_name, no_values, no_stack, no_time, no_period_type, no_mapping;
	bool twice_address, no_strings;
	int64_t value;
	const char *type, *function, *comment, *build_id, *doc_url, *default_type, *string_0;
	size_t samples, frames, labels, types;
};

static struct pb_msg msg, inner, line;

static void add_pair(uint32_t field, uint64_t a, uint64_t b)
{
	pb_msg__reset(&inner);
	pb_msg__u64(&inner, 1, a);
	pb_msg__u64(&inner, 2, b);
	pb_msg__msg(&msg, field, &inner);
}

static void add_string(const char *string, const char *otherwise)
{
	if (!string)
		string = otherwise;
	pb_msg__bytes(&msg, 6, string, strlen(string));
}

static void add_sample(const struct fault *fault)
{
	size_t types = fault->types ? fault->types : 1, i;
	uint64_t value = fault->value == 99 ? 0 : fault->value ? (uint64_t)fault->value : 7;

	pb_msg__reset(&inner);
	for (i = 0; i < (fault->frames ? fault->frames : !fault->no_stack); i++)
		pb_msg__u64(&inner, 1, fault->loc_ref ? fault->loc_ref : 1);
	for (i = 0; i < types && !fault->no_values; i++) {
		pb_msg__varint(&inner, 2 << 3);
		pb_msg__varint(&inner, value);
	}
	pb_msg__reset(&line);
	pb_msg__u64(&line, 1, 2);
	pb_msg__u64(&line, 3, 5);
	for (i = 0; i < fault->labels; i++)
		pb_msg__msg(&inner, 3, &line);
	pb_msg__msg(&msg, 2, &inner);
}

static void add_location(const struct fault *fault, uint64_t id)
{
	pb_msg__reset(&inner);
	pb_msg__reset(&line);
	pb_msg__u64(&inner, 1, id);
	pb_msg__u64(&inner, 2, !fault->no_mapping);
	pb_msg__u64(&inner, 3, fault->no_address ? 0 : 0x1000);
	pb_msg__u64(&line, 1, fault->function_ref ? fault->function_ref : 1);
	if (!fault->no_line)
		pb_msg__msg(&inner, 4, &line);
	pb_msg__msg(&msg, 4, &inner);
}

static void add_tables(const struct fault *fault)
{
	if (!fault->no_mapping) {
		pb_msg__reset(&inner);
		pb_msg__u64(&inner, 1, fault->mapping_id ? fault->mapping_id : 1);
		pb_msg__u64(&inner, 6, 7);
		pb_msg__msg(&msg, 3, &inner);
	}
	add_location(fault, fault->location_id ? fault->location_id : 1);
	if (fault->twice_address)
		add_location(fault, 2);
	add_pair(5, fault->function_id ? fault->function_id : 1,
		 fault->name_ref  ? fault->name_ref
		 : fault->no_name ? 0
				  : 3);
	if (fault->no_strings)
		return;
	add_string(fault->string_0, "");
	add_string(fault->type, "space");
	add_string(NULL, "bytes");
	add_string(fault->function, "main");
	add_string(fault->comment, "hello");
	add_string(fault->doc_url, "https://example.org");
	add_string(fault->default_type, fault->type ? fault->type : "space");
	add_string(fault->build_id, "00ff");
}

static void build(const struct fault *fault)
{
	size_t i;

	pb_msg__reset(&msg);
	for (i = 0; i < (fault->types ? fault->types : 1); i++)
		add_pair(1, 1, 2);
	for (i = 0; i < (fault->samples ? fault->samples : 1); i++)
		add_sample(fault);
	add_tables(fault);
	pb_msg__u64(&msg, 9, !fault->no_time);
	if (!fault->no_period_type)
		add_pair(11, 1, 2);
	pb_msg__u64(&msg, 12, 1);
	pb_msg__u64(&msg, 13, 4);
	pb_msg__u64(&msg, 14, 6);
	pb_msg__u64(&msg, 15, 5);
}

/* Exactly the rule @id is broken, or none if NULL. */
static void assert_finding(const struct fault *fault, const char *id)
{
	struct pprof_report *report __free(pprof_report) = NULL;
	const struct pprof_finding *finding;

	build(fault);
	assert_int_equal(pprof_check_mem(msg.data, msg.len, NULL, &report), 0);
	if (pprof_report__cnt(report) != (id ? 1 : 0))
		print_error("%s: %zu findings, first %s\n", id ? id : "none",
			    pprof_report__cnt(report),
			    pprof_report__cnt(report) ? pprof_report__at(report, 0)->rule->id : "");
	assert_int_equal(pprof_report__cnt(report), id ? 1 : 0);
	if (!id)
		return;
	finding = pprof_report__at(report, 0);
	assert_string_equal(finding->rule->id, id);
	assert_int_equal(pprof_report__severity_cnt(report, finding->rule->severity), 1);
	assert_true(finding->cnt > 0);
	assert_true(*finding->first);
}

static void test_clean(void **state)
{
	assert_finding(&(struct fault){}, NULL);
}

static void test_errors(void **state)
{
	assert_finding(&(struct fault){ .mapping_id = 2 }, "mapping-id");
	assert_finding(&(struct fault){ .location_id = 5 }, "location-id");
	assert_finding(&(struct fault){ .function_id = 9 }, "function-id");
	assert_finding(&(struct fault){ .loc_ref = 2 }, "reference");
	assert_finding(&(struct fault){ .function_ref = 2 }, "reference");
	assert_finding(&(struct fault){ .string_0 = "x" }, "string-0");
	assert_finding(&(struct fault){ .function = "a\xff" }, "utf8");
	assert_finding(&(struct fault){ .type = "alloc-space" }, "type-name");
	assert_finding(&(struct fault){ .no_line = true }, "location-line");
	assert_finding(&(struct fault){ .no_name = true }, "line-function");
	assert_finding(&(struct fault){ .function = "" }, "line-function");
	assert_finding(&(struct fault){ .no_address = true }, "address-0");
	assert_finding(&(struct fault){ .comment = "executableInfo=1" }, "executable-info");
	assert_finding(&(struct fault){ .no_period_type = true }, "period-type");
	assert_finding(&(struct fault){ .no_time = true }, "time");
	assert_finding(&(struct fault){ .default_type = "cpu" }, "default-type");
}

static void test_warnings(void **state)
{
	assert_finding(&(struct fault){ .types = 5 }, "type-count");
	assert_finding(&(struct fault){ .no_mapping = true }, "no-mapping");
	assert_finding(&(struct fault){ .build_id = "00FF" }, "build-id");
	assert_finding(&(struct fault){ .twice_address = true }, "address-shared");
	assert_finding(&(struct fault){ .no_stack = true }, "sample-stack");
	assert_finding(&(struct fault){ .value = 99 }, "sample-zero");
	assert_finding(&(struct fault){ .value = -1 }, "sample-negative");
	assert_finding(&(struct fault){ .doc_url = "docs/x" }, "doc-url");
	assert_finding(&(struct fault){ .samples = 16001 }, "push-samples");
	assert_finding(&(struct fault){ .labels = 101 }, "push-labels");
	assert_finding(&(struct fault){ .frames = 1001 }, "push-frames");
}

static void test_several(void **state)
{
	struct fault fault = { .no_values = true };
	struct pprof_report *report __free(pprof_report) = NULL;

	build(&fault);
	assert_int_equal(pprof_check_mem(msg.data, msg.len, NULL, &report), 0);
	assert_int_equal(pprof_report__cnt(report), 2); /* value-count, sample-zero */
	assert_int_equal(pprof_report__severity_cnt(report, PPROF_ERROR), 1);
	assert_int_equal(pprof_report__severity_cnt(report, PPROF_WARNING), 1);
}

static void test_no_strings(void **state)
{
	struct fault fault = { .no_strings = true };
	struct pprof_report *report __free(pprof_report) = NULL;

	build(&fault);
	assert_int_equal(pprof_check_mem(msg.data, msg.len, NULL, &report), 0);
	assert_string_equal(pprof_report__at(report, 0)->rule->id, "string-0");
}

static void test_unreadable(void **state)
{
	struct pprof_report *report = NULL;

	assert_int_equal(pprof_check_mem("", 0, NULL, &report), PPROF_EMPTY);
	assert_int_equal(pprof_check_mem("hello", 5, NULL, &report), PPROF_NOT_PPROF);
	assert_null(report);
}

static int free_messages(void **state)
{
	pb_msg__done(&msg);
	pb_msg__done(&inner);
	pb_msg__done(&line);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),      cmocka_unit_test(test_errors),
		cmocka_unit_test(test_warnings),   cmocka_unit_test(test_several),
		cmocka_unit_test(test_no_strings), cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, free_messages);
}
