// SPDX-License-Identifier: Apache-2.0
#include "session/pace.h"

#include <stddef.h>

/* No faster than this from one tick to the next: what was seen may have been a burst, or its end.
 */
#define STEP_MAX       8.0
/* Leave what is near enough: with fewer changes a profile's weights are more alike. */
#define NEAR           1.25
#define MEAN_MAX_BYTES ((uint64_t)1 << 36)

uint64_t pace_mean(uint64_t mean_bytes, uint64_t sample_cnt, uint64_t elapsed_ns)
{
	double wanted = (double)PACE_SAMPLES_PER_SECOND * (double)elapsed_ns / 1e9;
	double factor, mean;

	if (!elapsed_ns)
		return mean_bytes;
	factor = (double)sample_cnt / wanted;
	if (factor > 1 / NEAR && factor < NEAR)
		return mean_bytes;
	if (factor > STEP_MAX)
		factor = STEP_MAX;
	if (factor < 1 / STEP_MAX)
		factor = 1 / STEP_MAX;
	mean = (double)(mean_bytes ? mean_bytes : 1) * factor;
	if (mean < 1)
		return 1;
	return mean < (double)MEAN_MAX_BYTES ? (uint64_t)mean : MEAN_MAX_BYTES;
}

void pace_tick(struct tracer *tracer, uint64_t now_ns)
{
	const struct image *images;
	uint64_t elapsed_ns, kept_cnt;
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		elapsed_ns = now_ns - images[i].since_ns;
		/* Too soon after the brake to say anything. */
		if (images[i].end_ns || (images[i].flags & IMAGE_OWN_MEAN) ||
		    (int64_t)elapsed_ns < PACE_TICK_NS / 4)
			continue;
		kept_cnt = __atomic_load_n(&images[i].kept_cnt, __ATOMIC_RELAXED) -
			   images[i].since_cnt;
		tracer__set_mean(tracer, (uint32_t)i,
				 pace_mean(images[i].mean_bytes, kept_cnt, elapsed_ns), now_ns);
	}
}
