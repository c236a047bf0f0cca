// SPDX-License-Identifier: Apache-2.0
/* What samples say about their own error, in the very code that BPF runs. */
#include "sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t state = 88172645463325252u;

/* xorshift64*: the same numbers in every run. */
static uint32_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 2685821657736338717u) >> 32);
}

/* A site's count over many runs: does it vary as much as the runs say of themselves, and around the truth? */
static void varies_as_stated(uint64_t bytes, uint64_t mean_bytes)
{
	const int runs = 400, cnt = 3000;
	double sum = 0, squares = 0, stated = 0, space = 0, off, spread;
	int run, i;

	for (run = 0; run < runs; run++) {
		double got = 0;

		for (i = 0; i < cnt; i++) {
			uint64_t weight = sample_weight(bytes, mean_bytes, next_random());

			if (!weight)
				continue;
			got += (double)weight / WEIGHT_ONE;
			stated += (double)sample_variance(weight) / VARIANCE_ONE;
			space += (double)sample_bytes(bytes, weight, next_random());
		}
		sum += got;
		squares += (got - cnt) * (got - cnt);
	}
	stated /= runs;
	spread = squares / runs;
	/* The error of a variance from 400 runs is 7 %; of the mean, a twentieth of one run's. */
	assert_true(spread > 0.7 * stated && spread < 1.3 * stated);
	off = fabs(sum / runs - cnt);
	assert_true(off < 5 * sqrt(stated / runs) + 1e-4 * cnt);
	off = fabs(space / runs / (double)bytes - cnt);
	assert_true(off < 5 * sqrt(stated / runs) + 1e-3 * cnt);
}

static void test_estimates_vary_as_stated(void **unused)
{
	varies_as_stated(8, 8);
	varies_as_stated(24, 1024);
	varies_as_stated(64, 4096);
	varies_as_stated(4096, 4096);
	varies_as_stated(20000, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_estimates_vary_as_stated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
