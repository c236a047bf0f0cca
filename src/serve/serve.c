// SPDX-License-Identifier: Apache-2.0
#include "serve/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/log.h"
#include "serve/archive.h"
#include "serve/daemon.h"
#include "serve/notify.h"
#include "serve/window.h"
#include "session/privileges.h"

#define CONFIG_MAX_BYTES ((size_t)1 << 20)

/* --- profiles --- */

/* A cumulative profile says no duration; its time is the moment of writing. */
static void set_cumulative(struct profile *profile)
{
	struct profile_meta meta = *profile__meta(profile);

	meta.time_ns = clock_wall_ns();
	meta.duration_ns = 0;
	profile__set_meta(profile, &meta);
}

int daemon__shoot(struct daemon *daemon, const struct session_filter *filter, uint64_t since_ns,
		  struct shot **ret)
{
	bool whole = !filter->pid && !filter->service;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct profile *profile;
	int err;

	if (whole && daemon->latest && daemon->latest->taken_ns >= since_ns) {
		*ret = shot__hold(daemon->latest);
		return 0;
	}
	err = session_view__profile(daemon->view, filter, &profile);
	if (err)
		return err;
	set_cumulative(profile);
	daemon->extra.profile_cnt++;
	daemon->extra.profile_ns += clock_ns(CLOCK_MONOTONIC) - now;
	*ret = shot__new(profile, now);
	if (!*ret)
		return -ENOMEM;
	if (whole) {
		shot__drop(daemon->latest);
		daemon->latest = shot__hold(*ret);
	}
	return 0;
}

/* --- the archive --- */

static int write_window(struct daemon *daemon, const struct shot *from, const struct shot *to)
{
	struct profile *window __free(profile) = NULL;
	struct profile_meta meta;
	int err = window_make(from, to, 0, "heaptap " HEAPTAP_VERSION ": windows of time", &window);

	if (err)
		return err;
	meta = *profile__meta(window);
	meta.time_ns = clock_wall_ns() - meta.duration_ns;
	profile__set_meta(window, &meta);
	return archive_write(daemon->config.dir, window, clock_wall_ns());
}

/* The window is over, at @now_ns or since: its profile goes to the archive, the next one begins. */
static void end_window(struct daemon *daemon, uint64_t now_ns)
{
	static const struct session_filter all = {};
	const struct serve_config *config = &daemon->config;
	struct archive_limits limits = { config->age_max_ns, config->size_max_bytes };
	struct archive_state state = {};
	struct shot *shot = NULL;
	int err;

	if (!config->dir)
		return;
	err = daemon__shoot(daemon, &all, now_ns, &shot);
	if (!err && daemon->window)
		err = write_window(daemon, daemon->window, shot);
	if (err) {
		daemon->extra.archive_failed_cnt++;
		log_warn(err, "no profile of this window in %s", config->dir);
	}
	if (!archive_prune(config->dir, &limits, clock_wall_ns(), &state)) {
		daemon->extra.archive_files = state.file_cnt;
		daemon->extra.archive_bytes = state.bytes;
	}
	/* A window that could not be written goes on: what was counted in it will be in the next one. */
	if (err) {
		shot__drop(shot);
		return;
	}
	shot__drop(daemon->window);
	daemon->window = shot;
}

/* --- time --- */

static uint64_t earlier(uint64_t due, uint64_t other)
{
	return other && other < due ? other : due;
}

static void set_timer(struct daemon *daemon)
{
	uint64_t due = daemon__next_answer_ns(daemon);
	struct itimerspec spec = {};

	due = earlier(due, daemon__next_push_ns(daemon));
	due = earlier(due, daemon->window_due_ns);
	due = earlier(due, daemon->notify_due_ns);
	if (due != UINT64_MAX) {
		spec.it_value.tv_sec = (time_t)(due / 1000000000u);
		spec.it_value.tv_nsec = (long)(due % 1000000000u);
	}
	timerfd_settime(daemon->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static bool is_due(uint64_t *due_ns, uint64_t interval_ns, uint64_t now)
{
	if (!*due_ns || now < *due_ns)
		return false;
	*due_ns = now + interval_ns;
	return true;
}

static void on_timer(struct daemon *daemon)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), expired;

	if (read(daemon->timer_fd, &expired, sizeof(expired)) < 0)
		return;
	daemon__answer_due(daemon, now);
	/* Pushing can take a second, and is no reason to let anybody wait who asks for less. */
	daemon__take_questions(daemon);
	daemon__push_due(daemon, now, false);
	daemon__take_questions(daemon);
	if (is_due(&daemon->window_due_ns, daemon->config.window_ns, now))
		end_window(daemon, now);
	if (is_due(&daemon->notify_due_ns, notify_interval_ns(), now))
		notify_manager("WATCHDOG=1");
}

/* --- configuration --- */

static int override(struct serve_config *config, const struct serve_options *options)
{
	size_t i;
	int err = 0;

	for (i = 0; i < config->listen.cnt && options->listen_cnt; i++)
		free((char *)config->listen.at[i]);
	if (options->listen_cnt)
		config->listen.cnt = config->listen_lines.cnt = 0;
	for (i = 0; !err && i < options->listen_cnt; i++) {
		char *copy = strdup(options->listen[i]);

		err = copy ? vec__push(&config->listen, copy) : -ENOMEM;
	}
	if (options->dir) {
		free(config->dir);
		config->dir = strdup(options->dir);
		err = config->dir ? err : -ENOMEM;
	}
	return err;
}

static int load_config(const struct serve_options *options, struct serve_config *ret)
{
	char *text __free_mem = NULL;
	const char *path = options->config_path;
	struct config_fault fault;
	size_t len;
	int err = path ? fdio_read_file(path, CONFIG_MAX_BYTES, &text, &len) : 0;

	if (err)
		return log_err(err, "cannot read %s", path);
	serve_config__init(ret);
	err = serve_config__parse(ret, text ? text : "", &fault);
	if (!err)
		err = override(ret, options);
	if (!err)
		err = serve_config__check(ret, &fault);
	if (err == -EINVAL && fault.line)
		log_err(0, "%s:%zu: %s", path ? path : "configuration", fault.line, fault.text);
	else if (err == -EINVAL)
		log_err(0, "%s: %s", path ? path : "configuration", fault.text);
	else if (err)
		log_err(err, "cannot read the configuration");
	if (err)
		serve_config__done(ret);
	return err;
}

static void choose(struct daemon *daemon)
{
	const struct serve_config *config = &daemon->config;

	daemon->session.choice =
		(struct choice){ config->names.at,     config->names.cnt, config->excludes.at,
				 config->excludes.cnt, config->users.at,  config->users.cnt };
}

static int start_http(struct daemon *daemon)
{
	const char *what;
	int err = http_start(&daemon->config, daemon->desk, &daemon->http, &what);

	return err ? log_err(err, "cannot listen: %s", what) : 0;
}

/* The new file must be whole; else the old one stays. What sizes tables is fixed until the next start. */
static void reload(struct daemon *daemon)
{
	struct serve_config config;

	notify_manager("RELOADING=1");
	if (load_config(daemon->options, &config)) {
		log_warn(0, "the configuration stays as it was");
	} else {
		daemon__refuse_all(daemon, -ESHUTDOWN);
		/* Nobody may wait for an answer while the threads are waited for. */
		desk__close(daemon->desk);
		daemon__take_questions(daemon);
		http__free(TAKE_PTR(daemon->http));
		desk__open(daemon->desk);
		serve_config__done(&daemon->config);
		daemon->config = config;
		choose(daemon);
		daemon__start_pushers(daemon);
		daemon->window_due_ns =
			daemon->config.dir ? clock_ns(CLOCK_MONOTONIC) + daemon->config.window_ns
					   : 0;
		if (!start_http(daemon))
			log_info("the configuration was read anew");
	}
	notify_manager("READY=1");
}

static void on_hangup(struct daemon *daemon)
{
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	reload(daemon);
}

/* --- what the recording calls --- */

static bool on_input(void *ctx)
{
	struct daemon *daemon = ctx;
	struct epoll_event events[4];
	int cnt = epoll_wait(daemon->epoll_fd, events, 4, 0), i;

	for (i = 0; i < cnt; i++) {
		if (events[i].data.fd == daemon->timer_fd)
			on_timer(daemon);
		else if (events[i].data.fd == daemon->signal_fd)
			on_hangup(daemon);
		else
			daemon__take_questions(daemon);
	}
	set_timer(daemon);
	return true;
}

static void on_start(void *ctx, struct session_view *view)
{
	struct daemon *daemon = ctx;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), interval = notify_interval_ns();
	size_t i;

	daemon->view = view;
	for (i = 0; i < daemon->config.listen.cnt && !daemon->options->quiet; i++)
		log_info("serving at %s", daemon->config.listen.at[i]);
	if (daemon->config.dir) {
		end_window(daemon, now);
		daemon->window_due_ns = now + daemon->config.window_ns;
	}
	daemon->notify_due_ns = interval ? now + interval : 0;
	daemon__start_pushers(daemon);
	daemon__push_due(daemon, now, true);
	set_timer(daemon);
	notify_manager("READY=1");
}

static void on_stop(void *ctx)
{
	struct daemon *daemon = ctx;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	notify_manager("STOPPING=1");
	end_window(daemon, now);
	daemon__push_due(daemon, now, true);
	daemon->view = NULL;
	desk__close(daemon->desk);
	daemon__refuse_all(daemon, -ESHUTDOWN);
	daemon__take_questions(daemon);
}

/* --- life --- */

static int watch_fd(struct daemon *daemon, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return -errno;
	return epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_daemon(struct daemon *daemon)
{
	sigset_t hangup, stop;
	int err;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	/* Not for the threads of the server either, which are born with this mask: they belong to the recording. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	daemon->desk = desk__new();
	daemon->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	daemon->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	daemon->signal_fd = signalfd(-1, &hangup, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!daemon->desk || daemon->epoll_fd < 0)
		return -ENOMEM;
	err = watch_fd(daemon, desk__fd(daemon->desk));
	if (!err)
		err = watch_fd(daemon, daemon->timer_fd);
	return err ? err : watch_fd(daemon, daemon->signal_fd);
}

static void daemon__done(struct daemon *daemon)
{
	size_t i;

	/* Nobody answers any more. */
	if (daemon->desk) {
		desk__close(daemon->desk);
		daemon__refuse_all(daemon, -ESHUTDOWN);
		daemon__take_questions(daemon);
	}
	http__free(daemon->http);
	daemon__stop_pushers(daemon);
	desk__free(daemon->desk);
	for (i = 0; i < CURSOR_CNT; i++)
		shot__drop(daemon->cursors[i].shot);
	shot__drop(daemon->latest);
	shot__drop(daemon->window);
	cleanup_fd(&daemon->epoll_fd);
	cleanup_fd(&daemon->timer_fd);
	cleanup_fd(&daemon->signal_fd);
	serve_config__done(&daemon->config);
}

static void fill_session(struct daemon *daemon)
{
	const struct serve_config *config = &daemon->config;

	daemon->watch = (struct session_watch){ .on_start = on_start,
						.on_stop = on_stop,
						.on_input = on_input,
						.input_fd = daemon->epoll_fd,
						.ctx = daemon };
	daemon->session =
		(struct session_config){ .all = !config->cgroup,
					 .cgroup = config->cgroup,
					 .no_live = config->no_live,
					 .sample_bytes = config->sample_bytes,
					 .max_overhead = config->max_overhead_pct / 100,
					 .max_overhead_total = config->max_overhead_total_pct / 100,
					 .placed = true,
					 .isolate = true,
					 .tally_max_bytes = config->tally_max_bytes,
					 .live_max_cnt = config->live_max_cnt,
					 .sites_max_cnt = config->sites_max_cnt,
					 .stacks_max_bytes = config->stacks_max_bytes,
					 .file_age_max_ns = config->file_age_max_ns,
					 .quiet = daemon->options->quiet,
					 .watch = &daemon->watch };
	choose(daemon);
}

int serve_run(const struct serve_options *options)
{
	struct daemon daemon __attribute__((cleanup(daemon__done))) = {
		.options = options, .epoll_fd = -1, .timer_fd = -1, .signal_fd = -1
	};
	struct session_result result;
	int err = load_config(options, &daemon.config);

	if (err)
		return err == -EINVAL ? SESSION_USAGE : SESSION_FAILED;
	if (options->check)
		return SESSION_OK;
	err = privileges_drop(0);
	if (err)
		log_warn(err, "more privileges are held than needed");
	err = open_daemon(&daemon);
	if (err)
		return log_err(err, "cannot start the daemon");
	fill_session(&daemon);
	/* Before anything is probed: a port that is taken is a reason not to begin. */
	err = start_http(&daemon);
	if (err)
		return SESSION_FAILED;
	return session_record(&daemon.session, &result);
}
