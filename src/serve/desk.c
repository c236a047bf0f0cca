// SPDX-License-Identifier: Apache-2.0
#include "serve/desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What waits together, and none in the room of another. A window holds a profile for as long as it is open. */
enum lane { PAGES, PROFILES, WINDOWS, LANE_CNT };

static const unsigned room[LANE_CNT] = { [PAGES] = 32, [PROFILES] = 16, [WINDOWS] = 16 };

struct desk {
	pthread_mutex_t lock;
	struct question *first; /* newest first */
	unsigned pending_cnt[LANE_CNT];
	int fd;
};

struct shot *shot__new(struct profile *profile, uint64_t taken_ns)
{
	struct shot *shot = malloc(sizeof(*shot));

	if (!shot) {
		profile__free(profile);
		return NULL;
	}
	atomic_init(&shot->ref_cnt, 1);
	shot->profile = profile;
	shot->taken_ns = taken_ns;
	return shot;
}

struct shot *shot__hold(struct shot *shot)
{
	atomic_fetch_add(&shot->ref_cnt, 1);
	return shot;
}

void shot__drop(struct shot *shot)
{
	if (!shot || atomic_fetch_sub(&shot->ref_cnt, 1) > 1)
		return;
	profile__free(shot->profile);
	free(shot);
}

void question__done(struct question *question)
{
	shot__drop(question->base);
	shot__drop(question->shot);
	free(question->text);
	addresses__done(&question->addresses);
	question->base = question->shot = NULL;
	question->text = NULL;
}

struct desk *desk__new(void)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return NULL;
	pthread_mutex_init(&desk->lock, NULL);
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->fd < 0) {
		free(desk);
		return NULL;
	}
	return desk;
}

void desk__free(struct desk *desk)
{
	if (!desk)
		return;
	close(desk->fd);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

static enum lane lane_of(const struct question *question)
{
	if (!question_needs_profile(question))
		return PAGES;
	return route_is_window(&question->route) ? WINDOWS : PROFILES;
}

int desk__ask(struct desk *desk, struct question *question)
{
	enum lane lane = lane_of(question);
	uint64_t one = 1;
	int err = 0;

	pthread_mutex_lock(&desk->lock);
	if (question->door && question->door->shut) {
		err = -ESHUTDOWN;
	} else if (desk->pending_cnt[lane] >= room[lane]) {
		err = -EBUSY;
	} else {
		question->next = desk->first;
		desk->first = question;
		desk->pending_cnt[lane]++;
	}
	pthread_mutex_unlock(&desk->lock);
	/* An eventfd of ours that is full is readable all the more. */
	if (!err && write(desk->fd, &one, sizeof(one)) < 0)
		return 0;
	return err;
}

int desk__fd(const struct desk *desk)
{
	return desk->fd;
}

struct question *desk__take(struct desk *desk)
{
	struct question *first;
	uint64_t cnt;

	if (read(desk->fd, &cnt, sizeof(cnt)) < 0)
		cnt = 0;
	pthread_mutex_lock(&desk->lock);
	first = desk->first;
	desk->first = NULL;
	pthread_mutex_unlock(&desk->lock);
	return first;
}

void desk__answer(struct desk *desk, struct question *question)
{
	pthread_mutex_lock(&desk->lock);
	desk->pending_cnt[lane_of(question)]--;
	pthread_mutex_unlock(&desk->lock);
	question->on_answer(question);
}

void desk__shut(struct desk *desk, struct door *door)
{
	pthread_mutex_lock(&desk->lock);
	door->shut = true;
	pthread_mutex_unlock(&desk->lock);
}
