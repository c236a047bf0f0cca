// SPDX-License-Identifier: Apache-2.0
#include "encode/pprof_read.h"

#include <errno.h>

#include "encode/inflate.h"
#include "encode/pprof_decode.h"
#include "profile/profile_load.h"

const struct pprof_limits pprof_limits_default = {
	.inflated_bytes = (uint64_t)8 << 30,
	.rows = (uint64_t)1 << 31,
};

static const char *const outcome_texts[PPROF_OUTCOME_CNT] = {
	[PPROF_OK] = "a pprof profile",
	[PPROF_EMPTY] = "the file is empty",
	[PPROF_NOT_PPROF] = "not a pprof profile (neither gzip nor a protobuf message)",
	[PPROF_LEGACY_TEXT] =
		"a legacy text profile; `go tool pprof -proto FILE` turns it into pprof",
	[PPROF_TRUNCATED] = "the file ends in the middle: truncated",
	[PPROF_CORRUPT_GZIP] = "broken gzip data",
	[PPROF_CORRUPT] = "a broken protobuf field",
	[PPROF_TOO_BIG] = "more data than a profile may reasonably hold",
	[PPROF_BAD_REFERENCE] = "an id or string number that does not exist, or exists twice",
	[PPROF_BAD_TYPES] = "no sample types, too many, or samples with another number of values",
};

const char *pprof_outcome_text(int outcome)
{
	return outcome >= 0 && outcome < PPROF_OUTCOME_CNT ? outcome_texts[outcome] : "unknown";
}

static int from_load(int ret)
{
	switch (ret) {
	case PROFILE_LOAD_TOO_BIG:
		return PPROF_TOO_BIG;
	case PROFILE_LOAD_BAD_REFERENCE:
		return PPROF_BAD_REFERENCE;
	case PROFILE_LOAD_BAD_TYPES:
		return PPROF_BAD_TYPES;
	default:
		return ret;
	}
}

static int load_msg(struct profile_load *load, const struct pprof_msg *msg,
		    struct raw_header *header)
{
	switch (msg->field) {
	case PPROF_SAMPLE_TYPE:
		return profile_load__type(load, &msg->type);
	case PPROF_SAMPLE:
		return profile_load__sample(load, &msg->sample);
	case PPROF_MAPPING:
		return profile_load__mapping(load, &msg->mapping);
	case PPROF_LOCATION:
		return profile_load__location(load, &msg->location);
	case PPROF_FUNCTION:
		return profile_load__function(load, &msg->function);
	case PPROF_STRING:
		return profile_load__string(load, msg->string.data, msg->string.len_bytes);
	case PPROF_COMMENT:
		return profile_load__comment(load, msg->number);
	case PPROF_PERIOD_TYPE:
		header->period_type = msg->type;
		return 0;
	case PPROF_DROP_FRAMES:
		header->drop_frames = msg->number;
		return 0;
	case PPROF_KEEP_FRAMES:
		header->keep_frames = msg->number;
		return 0;
	case PPROF_TIME:
		header->time_ns = (int64_t)msg->number;
		return 0;
	case PPROF_DURATION:
		header->duration_ns = (int64_t)msg->number;
		return 0;
	case PPROF_PERIOD:
		header->period = (int64_t)msg->number;
		return 0;
	case PPROF_DEFAULT_TYPE:
		header->default_type = msg->number;
		return 0;
	case PPROF_DOC_URL:
		header->doc_url = msg->number;
		return 0;
	case PPROF_END:
		break;
	}
	return 0;
}

static int load_all(struct pprof_decode *decode, struct profile_load *load, bool *seen_type,
		    struct profile **ret)
{
	struct raw_header header = {};
	struct pprof_msg msg;
	int err;

	for (;;) {
		err = pprof_decode__next(decode, &msg);
		if (err)
			return err;
		if (msg.field == PPROF_END)
			break;
		*seen_type |= msg.field == PPROF_SAMPLE_TYPE;
		err = from_load(load_msg(load, &msg, &header));
		if (err)
			return err;
	}
	if (!pprof_decode__bytes(decode))
		return PPROF_EMPTY;
	return from_load(profile_load__finish(load, &header, ret));
}

/* Takes over @in. */
static int read_stream(struct inflate *in, const struct pprof_limits *limits, struct profile **ret)
{
	struct pprof_decode *decode __free(pprof_decode) = in ? pprof_decode__new(in) : NULL;
	struct profile_load *load __free(profile_load) = profile_load__new(limits->rows);
	bool seen_type = false;
	int err;

	if (!decode || !load)
		return -ENOMEM;
	err = load_all(decode, load, &seen_type, ret);
	/* Any bytes may begin like a message. Without gzip and a sample type it was never meant as
	 * one. */
	if (err > 0 && err != PPROF_EMPTY && err != PPROF_LEGACY_TEXT && !seen_type &&
	    !pprof_decode__is_gzip(decode))
		return PPROF_NOT_PPROF;
	return err;
}

int pprof_read_fd(int fd, const struct pprof_limits *limits, struct profile **ret)
{
	if (!limits)
		limits = &pprof_limits_default;
	return read_stream(inflate__new_fd(fd, limits->inflated_bytes), limits, ret);
}

int pprof_read_mem(const void *data, size_t len_bytes, const struct pprof_limits *limits,
		   struct profile **ret)
{
	if (!limits)
		limits = &pprof_limits_default;
	return read_stream(inflate__new_mem(data, len_bytes, limits->inflated_bytes), limits, ret);
}
