// SPDX-License-Identifier: Apache-2.0
#include "serve/push.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/format.h"
#include "encode/otlp.h"
#include "serve/push_queue.h"
#include "serve/push_report.h"
#include "serve/requests.h"

#define TOKEN_MAX_BYTES  ((size_t)64 << 10)
#define URL_MAX_BYTES    ((size_t)16 << 10)
#define WINDOWS_MAX      4u /* that wait to be encoded */
#define WAIT_FIRST_MS    1000u
#define WAIT_MAX_MS      60000u
#define RETRY_AFTER_MAX  600u
#define TIMEOUT_SEC      20L
#define CONNECT_SEC      5L
#define REDIRECTS_MAX    3
#define ANSWER_MAX_BYTES ((size_t)64 << 10)

struct push {
	struct push_config config;
	char *token;
	char host[256];
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t news;
	uint64_t stop_ns;                  /* CLOCK_MONOTONIC: no later than then; 0: go on */
	struct shot *windows[WINDOWS_MAX]; /* oldest first */
	size_t window_cnt;
	struct push_queue *queue;
	struct push_counts counts; /* but for what the queue counts */
	struct push_report report; /* the thread's own */
};

/* --- encoding --- */

static void take_request(void *ctx, struct push_item *item)
{
	struct push *push = ctx;

	pthread_mutex_lock(&push->lock);
	push_queue__add(push->queue, item);
	pthread_mutex_unlock(&push->lock);
}

/* Locked at both ends. */
static void encode_windows(struct push *push)
{
	while (push->window_cnt) {
		struct shot *window = push->windows[0];
		struct requests requests = { .kind = (enum push_kind)push->config.kind,
					     .host = push->host,
					     .window = window->profile,
					     .take = take_request,
					     .ctx = push };
		size_t lost_cnt;

		push->window_cnt--;
		memmove(push->windows, push->windows + 1,
			push->window_cnt * sizeof(push->windows[0]));
		pthread_mutex_unlock(&push->lock);
		lost_cnt = requests_make(&requests);
		shot__drop(window);
		pthread_mutex_lock(&push->lock);
		push->counts.dropped += lost_cnt;
	}
}

/* --- sending --- */

enum outcome { SENT, REJECTED, LATER };

static size_t on_body(char *data, size_t size, size_t cnt, void *ctx)
{
	struct buf *body = ctx;

	buf__append(body, data, size * cnt);
	return buf__error(body) ? 0 : size * cnt;
}

static void cleanup_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void cleanup_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

/* Not 0 ends the transfer. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct push *push = ctx;
	uint64_t stop_ns;

	pthread_mutex_lock(&push->lock);
	stop_ns = push->stop_ns;
	pthread_mutex_unlock(&push->lock);
	return stop_ns && clock_ns(CLOCK_MONOTONIC) >= stop_ns;
}

/* NULL if out of memory, and then @list is freed. */
static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	char *line __free_mem = NULL;
	struct curl_slist *longer;

	longer =
		format_alloc(&line, "%s%s", name, value) < 0 ? NULL : curl_slist_append(list, line);
	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *make_headers(const struct push *push, const struct push_item *item)
{
	struct curl_slist *list = add_header(NULL, "Content-Type: ", item->type);
	size_t i;

	if (list && *item->encoding)
		list = add_header(list, "Content-Encoding: ", item->encoding);
	if (list && push->token)
		list = add_header(list, "Authorization: Bearer ", push->token);
	for (i = 0; list && i < push->config.headers.cnt; i++)
		list = add_header(list, "", push->config.headers.at[i]);
	/* Without it libcurl waits a second for "100 Continue", which not every engine says. */
	return list ? add_header(list, "Expect:", "") : NULL;
}

static int set_options(struct push *push, CURL *curl, const struct push_item *item,
		       struct buf *answer)
{
	struct buf *url __free(buf) = buf__new(URL_MAX_BYTES);
	size_t len = strlen(push->config.url);

	if (!url)
		return -ENOMEM;
	buf__append(url, push->config.url, len - (push->config.url[len - 1] == '/'));
	buf__append_str(url, item->path);
	if (buf__error(url))
		return buf__error(url);
	curl_easy_setopt(curl, CURLOPT_URL, buf__data(url));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, item->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)item->body_bytes);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "heaptap/" HEAPTAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, push);
	if (push->config.ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, push->config.ca_file);
	return 0;
}

static void cleanup_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL, *y = NULL;
	bool same = !curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) &&
		    !curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) && !strcasecmp(x, y);

	curl_free(x);
	curl_free(y);
	return same;
}

/* Nobody else is given the profile, or the token; but a host may ask for TLS. */
static bool is_same_host(const char *from, const char *to)
{
	CURLU *a __attribute__((cleanup(cleanup_url))) = curl_url();
	CURLU *b __attribute__((cleanup(cleanup_url))) = curl_url();

	if (!a || !b || curl_url_set(a, CURLUPART_URL, from, 0) ||
	    curl_url_set(b, CURLUPART_URL, to, 0) || !same_part(a, b, CURLUPART_HOST))
		return false;
	if (same_part(a, b, CURLUPART_SCHEME))
		return same_part(a, b, CURLUPART_PORT);
	return !strncasecmp(from, "http:", 5) && !strncasecmp(to, "https:", 6);
}

/* Sent once more, as it is, to where a redirect on the same host says. */
static CURLcode perform(CURL *curl, struct buf *answer, long *ret_status)
{
	CURLcode code = CURLE_OK;
	char *from, *to;
	int i;

	for (i = 0; i <= REDIRECTS_MAX; i++) {
		buf__reset(answer);
		code = curl_easy_perform(curl);
		*ret_status = 0;
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
		from = to = NULL;
		curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &from);
		curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &to);
		if (code != CURLE_OK || *ret_status == 303 || !from || !to ||
		    !is_same_host(from, to) || curl_easy_setopt(curl, CURLOPT_URL, to))
			break;
	}
	return code;
}

static enum outcome judge(const struct push *push, CURLcode code, long status,
			  const struct buf *answer)
{
	if (status >= 200 && status < 300 && (code == CURLE_OK || buf__error(answer))) {
		/* OTLP says so in the answer when it took a part alone. */
		return push->config.kind == PUSH_OTLP &&
				       otlp_rejected_cnt(buf__data(answer), buf__len(answer))
			       ? REJECTED
			       : SENT;
	}
	/*
	 * Too much now, a server that has trouble of its own, or a way there that somebody has yet to repair; anything else
	 * would be refused again.
	 */
	return code != CURLE_OK || status == 429 || status == 408 || status >= 500 ||
			       (status >= 300 && status < 400)
		       ? LATER
		       : REJECTED;
}

static void report_failure(struct push *push, CURLcode code, long status, enum outcome outcome)
{
	char why[CURL_ERROR_SIZE + 64];

	if (code != CURLE_OK)
		snprintf(why, sizeof(why), "%s", curl_easy_strerror(code));
	else if (status >= 300 && status < 400)
		snprintf(why, sizeof(why), "answers %ld, a redirect that is not followed", status);
	else if (status >= 200 && status < 300)
		snprintf(why, sizeof(why), "took a part alone");
	else
		snprintf(why, sizeof(why), "answers %ld", status);
	push_report__failed(&push->report, why, outcome == REJECTED);
}

static enum outcome send_item(struct push *push, const struct push_item *item,
			      unsigned *ret_after_sec)
{
	CURL *curl __attribute__((cleanup(cleanup_curl))) = curl_easy_init();
	struct curl_slist *headers __attribute__((cleanup(cleanup_list))) =
		make_headers(push, item);
	struct buf *answer __free(buf) = buf__new(ANSWER_MAX_BYTES);
	curl_off_t after_sec = 0;
	enum outcome outcome;
	long status = 0;
	CURLcode code;

	*ret_after_sec = 0;
	if (!curl || !headers || !answer || set_options(push, curl, item, answer))
		return LATER;
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = perform(curl, answer, &status);
	/* Seconds or a date. */
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after_sec);
	*ret_after_sec = after_sec < RETRY_AFTER_MAX ? (unsigned)after_sec : RETRY_AFTER_MAX;
	outcome = judge(push, code, status, answer);
	if (outcome == SENT)
		push_report__sent(&push->report);
	else
		report_failure(push, code, status, outcome);
	return outcome;
}

/* Twice as long each time, and never two hosts in step. */
static unsigned wait_ms(unsigned failed_cnt, unsigned after_sec)
{
	unsigned ms = WAIT_FIRST_MS << (failed_cnt < 6 ? failed_cnt : 6);
	uint32_t noise = 0;

	if (getrandom(&noise, sizeof(noise), GRND_NONBLOCK) < 0)
		noise = 0;
	ms = ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms;
	ms = ms / 2 + noise % (ms / 2);
	return after_sec * 1000 > ms ? after_sec * 1000 + noise % 500 : ms;
}

/* Locked. Sleep for @ms, unless told to stop; windows that come meanwhile are put into the queue. */
static void pause_for(struct push *push, unsigned ms)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!push->stop_ns && !err) {
		encode_windows(push);
		err = push->stop_ns ? 0 : pthread_cond_timedwait(&push->news, &push->lock, &until);
	}
}

/* Locked at both ends. False: it has to wait. */
static bool send_one(struct push *push, struct push_item *item, unsigned *ret_after_sec)
{
	enum outcome outcome;

	pthread_mutex_unlock(&push->lock);
	outcome = send_item(push, item, ret_after_sec);
	pthread_mutex_lock(&push->lock);
	if (outcome == LATER) {
		push_queue__put_back(push->queue, item);
		push->counts.retried++;
		return false;
	}
	push_queue__done(push->queue, item);
	push->counts.sent += outcome == SENT;
	push->counts.rejected += outcome == REJECTED;
	return true;
}

/* Locked. */
static struct push_counts counts_of(const struct push *push)
{
	struct push_counts counts = push->counts;

	counts.dropped += push_queue__dropped_cnt(push->queue);
	counts.spooled += push_queue__spooled_cnt(push->queue);
	counts.waiting = push_queue__cnt(push->queue);
	counts.waiting_bytes = push_queue__bytes(push->queue);
	return counts;
}

static void *run(void *ctx)
{
	struct push *push = ctx;
	unsigned failed_cnt = 0, after_sec = 0;
	struct push_counts counts;
	struct push_item *item;

	pthread_mutex_lock(&push->lock);
	while (!push->stop_ns || clock_ns(CLOCK_MONOTONIC) < push->stop_ns) {
		encode_windows(push);
		counts = counts_of(push);
		push_report__tell(&push->report, &counts);
		item = push_queue__take(push->queue);
		if (!item && push->stop_ns)
			break;
		if (!item && !push->window_cnt)
			pthread_cond_wait(&push->news, &push->lock);
		if (!item)
			continue;
		if (send_one(push, item, &after_sec))
			failed_cnt = 0;
		else if (!push->stop_ns)
			pause_for(push, wait_ms(failed_cnt++, after_sec));
		else
			break;
	}
	encode_windows(push);
	push_queue__flush(push->queue);
	pthread_mutex_unlock(&push->lock);
	return NULL;
}

/* --- life --- */

static int read_token(struct push *push)
{
	size_t len;
	int err;

	if (!push->config.token_file)
		return 0;
	err = fdio_read_file(push->config.token_file, TOKEN_MAX_BYTES, &push->token, &len);
	if (!err)
		push->token[strcspn(push->token, "\r\n")] = '\0';
	return err;
}

int push_start(const struct push_config *config, const struct push_counts *before,
	       struct push **ret)
{
	struct push *push __free(push) = calloc(1, sizeof(*push));
	pthread_condattr_t monotonic;
	int err;

	if (!push)
		return -ENOMEM;
	pthread_mutex_init(&push->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&push->news, &monotonic);
	if (before)
		push->counts = *before;
	if (gethostname(push->host, sizeof(push->host) - 1))
		push->host[0] = '\0';
	err = push_config__copy(config, &push->config);
	if (!err)
		err = read_token(push);
	if (!err)
		err = push_queue__new(config->queue_max_bytes, config->spool,
				      config->spool_max_bytes, &push->queue);
	push->report.name = push->config.name;
	push->report.has_spool = push->config.spool;
	if (!err)
		err = -pthread_create(&push->thread, NULL, run, push);
	if (err)
		return err;
	push->has_thread = true;
	*ret = TAKE_PTR(push);
	return 0;
}

void push__begin_stop(struct push *push, unsigned grace_ms)
{
	pthread_mutex_lock(&push->lock);
	if (!push->stop_ns)
		push->stop_ns = clock_ns(CLOCK_MONOTONIC) + (uint64_t)grace_ms * 1000000u;
	pthread_cond_signal(&push->news);
	pthread_mutex_unlock(&push->lock);
}

struct push_counts push__stop(struct push *push, unsigned grace_ms)
{
	struct push_counts counts = {};

	if (!push)
		return counts;
	push__begin_stop(push, grace_ms);
	if (push->has_thread)
		pthread_join(push->thread, NULL);
	if (push->queue)
		counts = push__counts(push);
	push_queue__free(push->queue);
	pthread_cond_destroy(&push->news);
	pthread_mutex_destroy(&push->lock);
	push_config__done(&push->config);
	free(push->token);
	free(push);
	return counts;
}

void push__free(struct push *push)
{
	push__stop(push, 0);
}

const struct push_config *push__config(const struct push *push)
{
	return &push->config;
}

int push__add(struct push *push, struct shot *window)
{
	int err = 0;

	pthread_mutex_lock(&push->lock);
	if (push->window_cnt == WINDOWS_MAX) {
		shot__drop(window);
		err = -EBUSY;
	} else {
		push->windows[push->window_cnt++] = window;
		pthread_cond_signal(&push->news);
	}
	pthread_mutex_unlock(&push->lock);
	return err;
}

struct push_counts push__counts(struct push *push)
{
	struct push_counts counts;

	pthread_mutex_lock(&push->lock);
	counts = counts_of(push);
	pthread_mutex_unlock(&push->lock);
	return counts;
}
