// SPDX-License-Identifier: Apache-2.0
#include "sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What the kernel's generator is to BPF; here the same numbers every time (xorshift64*, upper half). */
static uint64_t state_of_random;

static uint32_t draw(void)
{
	uint64_t x = state_of_random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	state_of_random = x;
	return (uint32_t)(x * 0x2545f4914f6cdd1dull >> 32);
}

static void chance_is_one_minus_exp(void **state)
{
	static const uint64_t means[] = { 2, 1000, 4096, 524288, 1ull << 30, SAMPLE_MEAN_MAX };
	uint64_t bytes;
	double want, have;
	size_t i;

	for (i = 0; i < sizeof(means) / sizeof(*means); i++) {
		for (bytes = 1; bytes < means[i] * 64 && bytes < 1ull << 40;
		     bytes += bytes / 7 + 1) {
			want = -expm1(-(double)bytes / (double)means[i]);
			have = (double)sample_chance(bytes, means[i]) / 4294967296.0;
			assert_true(fabs(have - want) < 3e-5);
		}
	}
}

static void everything_is_kept_without_a_mean(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 64, 1ull << 31, 1ull << 47, UINT64_MAX };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_true(sample_weight(sizes[i], 0, UINT32_MAX) == WEIGHT_ONE);
		assert_true(sample_weight(sizes[i], 1, UINT32_MAX) == WEIGHT_ONE);
	}
	/* Far above the mean as well. */
	assert_true(sample_weight(1ull << 40, 4096, UINT32_MAX) == WEIGHT_ONE);
}

static void weight_is_the_inverse_of_the_chance(void **state)
{
	uint64_t bytes, chance;
	double weight;

	for (bytes = 1; bytes < 1 << 24; bytes += bytes / 5 + 1) {
		chance = sample_chance(bytes, 65536);
		weight = (double)sample_weight(bytes, 65536, 0) / (double)WEIGHT_ONE;
		assert_true(fabs(weight * (double)chance / 4294967296.0 - 1) < 1e-5);
		/* The last word that is drawn and the first that is not. */
		assert_true(sample_weight(bytes, 65536, (uint32_t)(chance - 1)) != 0);
		if (chance < 1ull << 32)
			assert_true(sample_weight(bytes, 65536, (uint32_t)chance) == 0);
	}
}

static void variance_is_w_times_w_minus_one(void **state)
{
	double w, want;
	uint64_t weight;

	assert_true(sample_variance(WEIGHT_ONE) == 0);
	for (weight = WEIGHT_ONE + 1; weight < WEIGHT_ONE << 26; weight += weight / 3 + 1) {
		w = (double)weight / (double)WEIGHT_ONE;
		want = w * (w - 1) * (double)VARIANCE_ONE;
		assert_true(fabs((double)sample_variance(weight) - want) <= 0.51 + want * 1e-3);
	}
	/* Beyond that no more: sums stay within a word. */
	assert_true(sample_variance(UINT64_MAX) == 1ull << (52 + VARIANCE_SHIFT));
}

static void the_brake_ends(void **state)
{
	uint64_t mean = 0, before;
	int i;

	for (i = 0; i < 64; i++) {
		before = mean;
		mean = sample_brake(mean);
		assert_true(mean > before || mean == SAMPLE_MEAN_MAX);
	}
	assert_true(mean == SAMPLE_MEAN_MAX);
}

/*
 * Many runs of one program: as many bytes of each size from 8 B to 256 KiB, and one block each of the sizes to
 * 64 MiB, of which the sampler must lose none.
 */
#define MEAN_BYTES 4096u
#define SIZE_CNT   24u
#define SMALL_CNT  16u

struct estimate {
	double cnt, cnt_variance;
	double bytes, bytes_variance; /* of the small sizes: the others are certain */
	double big_bytes;
};

static uint64_t size_of(size_t i)
{
	return 8ull << i;
}

static uint64_t cnt_of(size_t i)
{
	return i < SMALL_CNT ? 32768u >> i : 1;
}

static struct estimate run_once(void)
{
	struct estimate e = {};
	double w, variance, size;
	uint64_t n, weight;
	size_t i;

	for (i = 0; i < SIZE_CNT; i++) {
		size = (double)size_of(i);
		for (n = cnt_of(i); n; n--) {
			weight = sample_weight(size_of(i), MEAN_BYTES, draw());
			if (!weight)
				continue;
			w = (double)weight / (double)WEIGHT_ONE;
			variance = (double)sample_variance(weight) / (double)VARIANCE_ONE;
			e.cnt += w;
			e.cnt_variance += variance;
			if (i < SMALL_CNT) {
				e.bytes += (double)sample_bytes(size_of(i), weight, draw());
				e.bytes_variance += variance * size * size;
			} else {
				e.big_bytes += w * size;
			}
		}
	}
	return e;
}

#define Z_95 1.959964

static void estimates_are_unbiased_and_know_their_error(void **state)
{
	double cnt = 0, bytes = 0, big_bytes = 0, cnt_sum = 0, bytes_sum = 0;
	int runs = 800, compared = 200, cnt_covered = 0, bytes_covered = 0, i;
	struct estimate e;
	size_t k;

	for (k = 0; k < SIZE_CNT; k++) {
		cnt += (double)cnt_of(k);
		if (k < SMALL_CNT)
			bytes += (double)cnt_of(k) * (double)size_of(k);
		else
			big_bytes += (double)size_of(k);
	}
	state_of_random = 0x9e3779b97f4a7c15ull;
	for (i = 0; i < runs; i++) {
		e = run_once();
		assert_true(e.big_bytes == big_bytes);
		if (i < compared) {
			cnt_sum += e.cnt;
			bytes_sum += e.bytes;
		}
		cnt_covered += fabs(e.cnt - cnt) <= Z_95 * sqrt(e.cnt_variance);
		bytes_covered += fabs(e.bytes - bytes) <= Z_95 * sqrt(e.bytes_variance);
	}
	print_message(
		"mean of %d: count %+.2f %%, bytes %+.2f %%; of %d intervals %.1f %% and %.1f %% "
		"hold the truth\n",
		compared, 100 * (cnt_sum / compared / cnt - 1),
		100 * (bytes_sum / compared / bytes - 1), runs, 100.0 * cnt_covered / runs,
		100.0 * bytes_covered / runs);
	assert_true(fabs(cnt_sum / compared / cnt - 1) < 0.01);
	assert_true(fabs(bytes_sum / compared / bytes - 1) < 0.01);
	assert_in_range(cnt_covered, runs * 93 / 100, runs * 97 / 100);
	assert_in_range(bytes_covered, runs * 93 / 100, runs * 97 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chance_is_one_minus_exp),
		cmocka_unit_test(everything_is_kept_without_a_mean),
		cmocka_unit_test(weight_is_the_inverse_of_the_chance),
		cmocka_unit_test(variance_is_w_times_w_minus_one),
		cmocka_unit_test(the_brake_ends),
		cmocka_unit_test(estimates_are_unbiased_and_know_their_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
