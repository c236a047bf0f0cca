// SPDX-License-Identifier: Apache-2.0
/* Each rule on both sides of each of its limits. */
#include "view/why_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"

/* A recording that makes a place of a thousand objects of 100 bytes neither big nor small. */
static struct places places = { .objects = 2000, .bytes = 200000, .inuse_bytes = 100000 };

static const char *diagnosis(const struct place *place)
{
	const struct why_rule *rule = why_diagnose(&places, place);

	return rule ? rule->name : "none";
}

static struct place plain(void)
{
	return (struct place){ .objects = 1000, .bytes = 100000 };
}

static struct place churn(void)
{
	struct place place = plain();

	place.freed = 1000;
	place.ages[2] = 1000;
	place.near[PLACE_NEAR_SAME] = 1000;
	return place;
}

static void test_churn(void **state)
{
	struct place place = churn();

	assert_string_equal(diagnosis(&place), "churn");
	place.objects = 999;
	assert_string_equal(diagnosis(&place), "none");
	place = churn();
	place.freed = 940;
	assert_string_equal(diagnosis(&place), "none");
	/* Above a millisecond. */
	place = churn();
	place.ages[2] = 890;
	place.ages[15] = 110;
	assert_string_equal(diagnosis(&place), "none");
	place = churn();
	place.near[PLACE_NEAR_SAME] = 880;
	place.near[PLACE_NEAR_FAR] = 120;
	assert_string_equal(diagnosis(&place), "none");
	place.near[PLACE_NEAR_CALLER2] = 1000;
	assert_string_equal(diagnosis(&place), "churn");
}

static void test_hand_over(void **state)
{
	struct place place = churn();

	place.other_thread = 800;
	assert_string_equal(diagnosis(&place), "hand-over");
	place.other_thread = 790;
	assert_string_equal(diagnosis(&place), "churn");
	place.freed = 99;
	place.other_thread = 99;
	assert_string_equal(diagnosis(&place), "none");
}

static void test_growth(void **state)
{
	struct place place = plain();

	place.freed = 20;
	place.ages[20] = 20;
	place.grown = 10;
	place.grows = 40;
	place.grown_steps = 30;
	assert_string_equal(diagnosis(&place), "growth by realloc");
	place.grown_steps = 29;
	assert_string_equal(diagnosis(&place), "none");
	place.grown_steps = 30;
	place.grown = 9;
	assert_string_equal(diagnosis(&place), "none");
	place.grown = 10;
	place.grows = 15;
	assert_string_equal(diagnosis(&place), "none");
}

static void test_growing_and_cache(void **state)
{
	struct place place = plain();
	size_t i;

	for (i = 0; i < 64; i++)
		assert_int_equal(
			vec__push(&place.points,
				  (struct place_point){ (double)i, (double)i, 100 * (double)i }),
			0);
	place.inuse_objects = 640;
	place.inuse_bytes = 6400;
	assert_string_equal(diagnosis(&place), "retained and growing");
	place.inuse_objects = 15;
	assert_string_equal(diagnosis(&place), "none");
	/* It has stopped growing, and is replaced. */
	for (i = 16; i < 64; i++)
		place.points.at[i].bytes = 1600;
	place.inuse_objects = 160;
	place.inuse_bytes = 1600;
	place.freed = 160;
	place.ages[20] = 160;
	assert_string_equal(diagnosis(&place), "cache-like");
	place.freed = 159;
	assert_string_equal(diagnosis(&place), "none");
	vec__done(&place.points);
}

static void test_container(void **state)
{
	struct places *own __free(places) = places__new();
	struct place place = plain();

	assert_non_null(own);
	own->objects = places.objects;
	own->bytes = places.bytes;
	assert_int_equal(intern__add(own->strings, "std::vector<int>::push_back", &place.spot.via),
			 0);
	assert_int_equal(place_sizes__add(&place.sizes, 16, 16, 500), 0);
	assert_int_equal(place_sizes__add(&place.sizes, 24, 64, 500), 0);
	assert_string_equal(why_diagnose(own, &place)->name, "growth of a container");
	place.objects = 99;
	assert_null(why_diagnose(own, &place));
	place.objects = 1000;
	place.sizes.at[1].bytes = 63;
	assert_null(why_diagnose(own, &place));
	place.sizes.at[1].bytes = 64;
	assert_int_equal(intern__add(own->strings, "std::vector<int>::reserve", &place.spot.via),
			 0);
	assert_null(why_diagnose(own, &place));
	vec__done(&place.sizes);
}

static void test_sizes(void **state)
{
	struct place place = { .objects = 5, .bytes = 5 * 40000.0 };

	assert_string_equal(diagnosis(&place), "few big");
	place.bytes = 5 * 32767.0;
	assert_string_equal(diagnosis(&place), "none");
	place = (struct place){ .objects = 1500, .bytes = 1500 * 50.0 };
	assert_string_equal(diagnosis(&place), "many small");
	place.bytes = 1500 * 51.0;
	assert_string_equal(diagnosis(&place), "none");
	place = (struct place){ .objects = 99, .bytes = 99 * 8.0 };
	assert_string_equal(diagnosis(&place), "none");
}

static void test_nothing_is_nothing(void **state)
{
	struct places none = { .strings = places.strings };
	struct place place = {};
	int measure;

	for (measure = 0; measure < WHY_MEASURE_CNT; measure++) {
		double value = why_measure(&none, &place, (enum why_measure)measure);

		assert_true(value == 0 || measure == WHY_DRIFT);
	}
	assert_null(why_diagnose(&none, &place));
	assert_true(why_weight(&none, &place) == 0);
}

static void test_the_table_tells_every_limit(void **state)
{
	struct buf *text __free(buf) = buf__new(0);
	size_t lines = 0, want = 0, i;
	const char *at;

	why_rules_write(text);
	for (at = buf__data(text); *at; at++)
		lines += *at == '\n';
	for (i = 0; i < WHY_PATTERN_CNT; i++) {
		assert_in_range(why_rules[i].limit_cnt, 1, WHY_LIMITS_MAX);
		assert_non_null(strstr(buf__data(text), why_rules[i].name));
		want += 1 + why_rules[i].limit_cnt;
	}
	assert_int_equal(lines, want);
	assert_null(strstr(buf__data(text), "(null)"));
}

static int set_up(void **state)
{
	places.strings = intern__new();
	return places.strings ? 0 : -1;
}

static int tear_down(void **state)
{
	intern__free(places.strings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_growing_and_cache),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_nothing_is_nothing),
		cmocka_unit_test(test_the_table_tells_every_limit),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
