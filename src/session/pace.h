/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `--sample auto`: every process gives about as many samples per second, however much it allocates;
 * one that allocates less is recorded whole. Each sample carries the weight of the mean it was
 * drawn with, so means may change at any time and the estimates stay unbiased.
 *
 * A process begins with everything. When it floods us its mean grows in BPF at once, in large steps
 * (the brake); it is tuned here, PACE_TICK_NS after PACE_TICK_NS.
 */
#pragma once

#include <stdint.h>

#include "kernel/tracer.h"

#define PACE_SAMPLES_PER_SECOND 1000u
#define PACE_TICK_NS            250000000u
/* Twice what a tick should bring. */
#define PACE_BRAKE_CNT          500u

/* The mean that would have given the wanted rate, where @mean_bytes gave @sample_cnt samples in
 * @elapsed_ns. */
uint64_t pace_mean(uint64_t mean_bytes, uint64_t sample_cnt, uint64_t elapsed_ns);

/* Look at every process and set its mean. @now_ns: CLOCK_MONOTONIC. */
void pace_tick(struct tracer *tracer, uint64_t now_ns);
