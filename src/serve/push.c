// SPDX-License-Identifier: Apache-2.0
#include "serve/push.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/hashmap.h"
#include "encode/encoder.h"
#include "profile/profile_merge.h"
#include "serve/envelope.h"
#include "serve/push_queue.h"

#define TOKEN_MAX_BYTES  ((size_t)64 << 10)
#define BODY_MAX_BYTES   ((size_t)64 << 20)
#define WINDOWS_MAX      4u /* that wait to be encoded */
#define WAIT_FIRST_MS    1000u
#define WAIT_MAX_MS      60000u
#define RETRY_AFTER_MAX  600u
#define TIMEOUT_SEC      20L
#define CONNECT_SEC      5L
#define ANSWER_MAX_BYTES ((size_t)64 << 10)

struct window {
	struct profile *profile;
	int64_t from_ns, until_ns;
};

struct push {
	const struct push_config *config;
	char *token;
	char host[256];
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t news;
	bool stop;
	struct window windows[WINDOWS_MAX];
	size_t window_cnt;
	struct push_queue *queue;
	struct push_counts counts;
};

/* --- encoding --- */

static int encode(struct push *push, const struct profile *profile, const struct window *window,
		  const char *service, struct push_item **ret)
{
	struct push_item *item __free(push_item) = calloc(1, sizeof(*item));
	struct buf *pprof __free(buf) = buf__new(BODY_MAX_BYTES),
			  *body __free(buf) = buf__new(BODY_MAX_BYTES);
	struct buf *path __free(buf) = buf__new(8192);
	struct writer *writer __free(writer) = pprof ? writer__new_buf(pprof) : NULL;
	struct encode_options options = {};
	const char *type;
	int err;

	if (!item || !writer || !body || !path)
		return -ENOMEM;
	err = encoder_write(encoder_by_name("pprof"), profile, &options, writer);
	if (!err) {
		struct envelope envelope = { service,          push->host,       window->from_ns,
					     window->until_ns, buf__data(pprof), buf__len(pprof) };

		err = envelope_write((enum push_kind)push->config->kind, &envelope, path, body,
				     &type);
	}
	if (err)
		return err;
	item->type = strdup(type);
	item->path = strdup(buf__data(path));
	item->body = buf__take(body, &item->body_bytes);
	if (!item->type || !item->path || !item->body)
		return -ENOMEM;
	*ret = TAKE_PTR(item);
	return 0;
}

static int add_service(struct push *push, const struct window *window, const char *service)
{
	struct profile *part __free(profile) = NULL;
	struct push_item *item = NULL;
	int err = profile_pick(window->profile, "service_name", service, &part);

	if (!err)
		err = encode(push, part, window, service, &item);
	pthread_mutex_lock(&push->lock);
	if (err)
		push->counts.dropped++;
	else
		push_queue__add(push->queue, item);
	pthread_mutex_unlock(&push->lock);
	return err;
}

/* Each service is a request of its own. */
static void add_window(struct push *push, const struct window *window)
{
	struct hashmap *seen __free(hashmap) = hashmap__new();
	const struct profile_label *label;
	bool is_new;
	size_t i;

	for (i = 0; seen && i < profile__sample_cnt(window->profile); i++) {
		label = profile__find_label(window->profile, (uint32_t)i, "service_name");
		if (!label || !label->str || !hashmap__slot(seen, label->str, 1, &is_new) ||
		    !is_new)
			continue;
		add_service(push, window, profile__str(window->profile, label->str));
	}
}

/* --- sending --- */

enum outcome { SENT, REJECTED, LATER };

struct answer_head {
	unsigned retry_after_sec;
	size_t bytes;
};

static size_t on_body(char *data, size_t size, size_t cnt, void *ctx)
{
	struct answer_head *head = ctx;

	head->bytes += size * cnt;
	return head->bytes > ANSWER_MAX_BYTES ? 0 : size * cnt;
}

static size_t on_header(char *data, size_t size, size_t cnt, void *ctx)
{
	struct answer_head *head = ctx;
	char line[64] = {};
	size_t len = size * cnt;

	memcpy(line, data, len < sizeof(line) - 1 ? len : sizeof(line) - 1);
	if (!strncasecmp(line, "Retry-After:", 12))
		head->retry_after_sec = (unsigned)strtoul(line + 12, NULL, 10);
	if (head->retry_after_sec > RETRY_AFTER_MAX)
		head->retry_after_sec = RETRY_AFTER_MAX;
	return len;
}

static void cleanup_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void cleanup_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct push *push = ctx;
	bool stop;

	pthread_mutex_lock(&push->lock);
	stop = push->stop;
	pthread_mutex_unlock(&push->lock);
	return stop;
}

static struct curl_slist *make_headers(const struct push *push, const struct push_item *item)
{
	struct buf *line __free(buf) = buf__new(TOKEN_MAX_BYTES + 64);
	struct curl_slist *list;

	if (!line)
		return NULL;
	buf__printf(line, "Content-Type: %s", item->type);
	list = curl_slist_append(NULL, buf__data(line));
	if (!push->token)
		return list;
	buf__reset(line);
	buf__printf(line, "Authorization: Bearer %s", push->token);
	return curl_slist_append(list, buf__data(line));
}

static enum outcome send_item(struct push *push, const struct push_item *item,
			      unsigned *ret_after_sec)
{
	CURL *curl __attribute__((cleanup(cleanup_curl))) = curl_easy_init();
	struct curl_slist *headers __attribute__((cleanup(cleanup_list))) =
		make_headers(push, item);
	struct buf *url __free(buf) = buf__new(16384);
	struct answer_head head = {};
	size_t len = strlen(push->config->url);
	long status = 0;
	CURLcode code;

	if (!curl || !url || !headers)
		return LATER;
	buf__append(url, push->config->url, len - (push->config->url[len - 1] == '/'));
	buf__append_str(url, item->path);
	curl_easy_setopt(curl, CURLOPT_URL, buf__data(url));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, item->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)item->body_bytes);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "heaptap/" HEAPTAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &head);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, push);
	if (push->config->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, push->config->ca_file);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_after_sec = head.retry_after_sec;
	if (code == CURLE_OK && status >= 200 && status < 300)
		return SENT;
	/* Too much now, or a server that has trouble of its own; anything else would be refused again. */
	return code != CURLE_OK || status == 429 || status == 408 || status >= 500 ? LATER
										   : REJECTED;
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

/* Locked at both ends. */
static void encode_windows(struct push *push)
{
	while (push->window_cnt && !push->stop) {
		struct window window = push->windows[0];

		push->window_cnt--;
		memmove(push->windows, push->windows + 1, push->window_cnt * sizeof(window));
		pthread_mutex_unlock(&push->lock);
		add_window(push, &window);
		profile__free(window.profile);
		pthread_mutex_lock(&push->lock);
	}
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
	while (!push->stop && !err) {
		encode_windows(push);
		err = pthread_cond_timedwait(&push->news, &push->lock, &until);
	}
}

static void *run(void *ctx)
{
	struct push *push = ctx;
	unsigned failed_cnt = 0, after_sec = 0;
	struct push_item *item;
	enum outcome outcome;

	pthread_mutex_lock(&push->lock);
	while (!push->stop) {
		encode_windows(push);
		item = push->stop ? NULL : push_queue__take(push->queue);
		if (!item) {
			if (!push->stop && !push->window_cnt)
				pthread_cond_wait(&push->news, &push->lock);
			continue;
		}
		pthread_mutex_unlock(&push->lock);
		outcome = send_item(push, item, &after_sec);
		pthread_mutex_lock(&push->lock);
		if (outcome == LATER) {
			push_queue__put_back(push->queue, item);
			push->counts.retried++;
			pause_for(push, wait_ms(failed_cnt++, after_sec));
			continue;
		}
		failed_cnt = 0;
		push->counts.sent += outcome == SENT;
		push->counts.rejected += outcome == REJECTED;
		push_item__free(item);
	}
	pthread_mutex_unlock(&push->lock);
	return NULL;
}

/* --- life --- */

static int read_token(struct push *push)
{
	size_t len;
	int err;

	if (!push->config->token_file)
		return 0;
	err = fdio_read_file(push->config->token_file, TOKEN_MAX_BYTES, &push->token, &len);
	if (!err)
		push->token[strcspn(push->token, "\r\n")] = '\0';
	return err;
}

int push_start(const struct push_config *config, struct push **ret)
{
	struct push *push __free(push) = calloc(1, sizeof(*push));
	pthread_condattr_t monotonic;
	int err;

	if (!push)
		return -ENOMEM;
	push->config = config;
	pthread_mutex_init(&push->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&push->news, &monotonic);
	if (gethostname(push->host, sizeof(push->host) - 1))
		push->host[0] = '\0';
	err = read_token(push);
	if (!err)
		err = push_queue__new(config->queue_max_bytes, config->spool,
				      config->spool_max_bytes, &push->queue);
	if (!err)
		err = -pthread_create(&push->thread, NULL, run, push);
	if (err)
		return err;
	push->has_thread = true;
	*ret = TAKE_PTR(push);
	return 0;
}

void push__free(struct push *push)
{
	size_t i;

	if (!push)
		return;
	pthread_mutex_lock(&push->lock);
	push->stop = true;
	pthread_cond_signal(&push->news);
	pthread_mutex_unlock(&push->lock);
	if (push->has_thread)
		pthread_join(push->thread, NULL);
	/* What came last is kept as well, if there is a spool to keep it. */
	for (i = 0; i < push->window_cnt; i++) {
		if (push->config->spool)
			add_window(push, &push->windows[i]);
		profile__free(push->windows[i].profile);
	}
	push_queue__free(push->queue);
	pthread_cond_destroy(&push->news);
	pthread_mutex_destroy(&push->lock);
	free(push->token);
	free(push);
}

int push__add(struct push *push, struct profile *window, int64_t from_ns, int64_t until_ns)
{
	int err = 0;

	pthread_mutex_lock(&push->lock);
	if (push->window_cnt == WINDOWS_MAX) {
		push->counts.dropped++;
		profile__free(window);
		err = -EBUSY;
	} else {
		push->windows[push->window_cnt++] = (struct window){ window, from_ns, until_ns };
		pthread_cond_signal(&push->news);
	}
	pthread_mutex_unlock(&push->lock);
	return err;
}

struct push_counts push__counts(struct push *push)
{
	struct push_counts counts;

	pthread_mutex_lock(&push->lock);
	counts = push->counts;
	counts.dropped += push_queue__dropped_cnt(push->queue);
	counts.spooled = push_queue__spooled_cnt(push->queue);
	counts.waiting = push_queue__cnt(push->queue);
	counts.waiting_bytes = push_queue__bytes(push->queue);
	pthread_mutex_unlock(&push->lock);
	return counts;
}
