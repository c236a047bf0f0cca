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
#include "base/log.h"
#include "serve/archive.h"
#include "serve/daemon.h"
#include "serve/notify.h"
#include "serve/settings.h"
#include "serve/window.h"
#include "session/privileges.h"

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

/* What listening would find out, without. */
static int check_http(const struct daemon *daemon)
{
	struct config_fault fault;
	int err = http_check(&daemon->config.http, &fault);

	return err == -EINVAL ? settings_refuse(daemon->options, &fault) : err;
}

static int apply_http(struct daemon *daemon, const struct http_config *config)
{
	struct config_fault fault;
	int err = http__apply(daemon->http, config, &fault);

	if (err == -EINVAL)
		return settings_refuse(daemon->options, &fault);
	return err ? log_err(err, "cannot serve") : 0;
}

/* Another [trace] is another recording, as a start would begin it; it has its turn once this one has ended. */
static void use_trace(struct daemon *daemon, struct trace_config *trace)
{
	if (trace_config__goes_on(&daemon->trace, trace)) {
		daemon->trace.max_overhead_pct = trace->max_overhead_pct;
		daemon->trace.max_overhead_total_pct = trace->max_overhead_total_pct;
		session_view__set_budgets(daemon->view, trace->max_overhead_pct / 100,
					  trace->max_overhead_total_pct / 100);
		return;
	}
	daemon->next = *trace;
	daemon->has_next = true;
	*trace = (struct trace_config){};
}

static void use_config(struct daemon *daemon, struct serve_config *config)
{
	use_trace(daemon, &config->trace);
	serve_config__done(&daemon->config);
	daemon->config = *config;
	*config = (struct serve_config){};
	daemon__start_pushers(daemon);
	daemon->window_due_ns =
		daemon->config.dir ? clock_ns(CLOCK_MONOTONIC) + daemon->config.window_ns : 0;
}

/* The new file must be whole, and what it asks for to be had; else the old one stays in force, in all of its parts. */
static void reload(struct daemon *daemon)
{
	struct serve_config config __serve_config = {};
	int err;

	notify_manager("RELOADING=1");
	err = settings_load(daemon->options, &config);
	if (!err)
		err = apply_http(daemon, &config.http);
	daemon__refuse_shut(daemon);
	http__sweep(daemon->http);
	if (err) {
		log_warn(0, "the configuration stays as it was");
	} else {
		use_config(daemon, &config);
		if (daemon->has_next)
			return;
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
		else if (events[i].data.fd == desk__fd(daemon->desk))
			daemon__take_questions(daemon);
		else
			daemon__hang_up(daemon, events[i].data.fd);
	}
	set_timer(daemon);
	return !daemon->has_next;
}

/* The recording has begun, by the newest configuration: nothing of the one before is needed any more. */
static void settle(struct daemon *daemon)
{
	if (daemon->has_before)
		log_info("the configuration was read anew");
	daemon->has_before = false;
	trace_config__done(&daemon->before);
}

/* Programs have been counted for some moments by now, which belong to the first windows. */
static void begin_windows(struct daemon *daemon, uint64_t now_ns)
{
	struct shot *nothing = daemon__nothing(now_ns);

	daemon__start_pushers(daemon);
	if (!nothing)
		return;
	daemon__begin_pushes(daemon, nothing);
	if (daemon->window) {
		shot__drop(daemon->window);
		daemon->window = shot__hold(nothing);
	}
	shot__drop(nothing);
}

static void on_start(void *ctx, struct session_view *view)
{
	struct daemon *daemon = ctx;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), interval = notify_interval_ns();
	bool is_first = !daemon->past;
	size_t i;

	daemon->view = view;
	settle(daemon);
	for (i = 0; i < daemon->config.http.listen.cnt && is_first && !daemon->options->quiet; i++)
		log_info("serving at %s", daemon->config.http.listen.at[i]);
	if (daemon->config.dir && !daemon->window)
		end_window(daemon, now);
	daemon->window_due_ns = daemon->config.dir ? now + daemon->config.window_ns : 0;
	daemon->notify_due_ns = interval ? now + interval : 0;
	if (is_first)
		begin_windows(daemon, now);
	daemon__push_due(daemon, now, false);
	set_timer(daemon);
	notify_manager("READY=1");
}

/* Nobody is answered any more. */
static void send_away(struct daemon *daemon)
{
	http__close(daemon->http);
	daemon__refuse_shut(daemon);
}

static void say_last_word(struct daemon *daemon)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	notify_manager("STOPPING=1");
	end_window(daemon, now);
	daemon__push_due(daemon, now, true);
	daemon->view = NULL;
	send_away(daemon);
}

/* Another recording follows. Whoever asks meanwhile is answered then. */
static void hand_over(struct daemon *daemon)
{
	int err;

	notify_manager("WATCHDOG=1");
	end_window(daemon, clock_ns(CLOCK_MONOTONIC));
	err = daemon__keep(daemon);
	if (err)
		log_warn(err, "what this recording has counted is lost");
	if (daemon->window && daemon->past) {
		shot__drop(daemon->window);
		daemon->window = shot__hold(daemon->past);
	}
	daemon->view = NULL;
}

static void on_stop(void *ctx)
{
	struct daemon *daemon = ctx;

	if (daemon->has_next)
		return hand_over(daemon);
	/* From here on a second signal ends us at once. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	say_last_word(daemon);
}

/* --- life --- */

static int watch_fd(struct daemon *daemon, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return -errno;
	return epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Between two recordings nobody waits for signals. */
static volatile sig_atomic_t stop_asked;

static void on_early_stop(int signo)
{
	stop_asked = 1;
}

static void block_stop(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

static int open_daemon(struct daemon *daemon)
{
	sigset_t hangup;
	int err;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	/* Not for the threads of the server either, which are born with this mask: they belong to the recording. */
	block_stop();
	signal(SIGINT, on_early_stop);
	signal(SIGTERM, on_early_stop);
	signal(SIGPIPE, SIG_IGN);
	daemon->desk = desk__new();
	daemon->http = daemon->desk ? http__new(daemon->desk) : NULL;
	daemon->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	daemon->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	daemon->signal_fd = signalfd(-1, &hangup, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!daemon->http || daemon->epoll_fd < 0)
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
	if (daemon->http)
		send_away(daemon);
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
	trace_config__done(&daemon->trace);
	trace_config__done(&daemon->next);
	trace_config__done(&daemon->before);
	shot__drop(daemon->past);
}

static void fill_session(struct daemon *daemon)
{
	const struct trace_config *trace = &daemon->trace;

	daemon->watch = (struct session_watch){ .on_start = on_start,
						.on_stop = on_stop,
						.on_input = on_input,
						.input_fd = daemon->epoll_fd,
						.ctx = daemon };
	daemon->session =
		(struct session_config){ .all = !trace->cgroup,
					 .cgroup = trace->cgroup,
					 .choice = { trace->names.at, trace->names.cnt,
						     trace->excludes.at, trace->excludes.cnt,
						     trace->users.at, trace->users.cnt },
					 .no_live = trace->no_live,
					 .maps = trace->maps,
					 .sample_bytes = trace->sample_bytes,
					 .max_overhead = trace->max_overhead_pct / 100,
					 .max_overhead_total = trace->max_overhead_total_pct / 100,
					 .placed = true,
					 .isolate = true,
					 .tally_max_bytes = trace->tally_max_bytes,
					 .live_max_cnt = trace->live_max_cnt,
					 .sites_max_cnt = trace->sites_max_cnt,
					 .stacks_max_bytes = trace->stacks_max_bytes,
					 .file_age_max_ns = trace->file_age_max_ns,
					 .quiet = daemon->options->quiet,
					 .watch = &daemon->watch };
}

/* One has ended: does another begin? If one could not, the one before it goes on. */
static bool begin_next(struct daemon *daemon, int err)
{
	if (daemon->has_next && !err) {
		daemon->before = daemon->trace;
		daemon->has_before = true;
		daemon->trace = daemon->next;
	} else if (daemon->has_before) {
		log_warn(0, "[trace] stays as it was");
		trace_config__done(&daemon->trace);
		daemon->trace = daemon->before;
		daemon->has_before = false;
		daemon->before = (struct trace_config){};
	} else {
		return false;
	}
	daemon->has_next = false;
	daemon->next = (struct trace_config){};
	return true;
}

/* Recordings, one after another, until one ends for good. */
static int record(struct daemon *daemon)
{
	struct session_result result;
	int err;

	do {
		fill_session(daemon);
		err = session_record(&daemon->session, &result);
		block_stop();
		if (daemon->has_next && stop_asked) {
			say_last_word(daemon);
			return SESSION_OK;
		}
	} while (begin_next(daemon, err));
	return err;
}

int serve_run(const struct serve_options *options)
{
	struct daemon daemon __attribute__((cleanup(daemon__done))) = {
		.options = options, .epoll_fd = -1, .timer_fd = -1, .signal_fd = -1
	};
	int err = settings_load(options, &daemon.config);

	if (err)
		return err == -EINVAL ? SESSION_USAGE : SESSION_FAILED;
	if (options->check)
		return check_http(&daemon) ? SESSION_USAGE : SESSION_OK;
	err = privileges_drop(PRIVILEGE_LET_GO);
	if (err)
		log_warn(err, "more privileges are held than needed");
	err = open_daemon(&daemon);
	if (err)
		return log_err(err, "cannot start the daemon");
	daemon.trace = daemon.config.trace;
	daemon.config.trace = (struct trace_config){};
	/* Before anything is probed: a port that is taken is a reason not to begin. */
	err = apply_http(&daemon, &daemon.config.http);
	if (err)
		return SESSION_FAILED;
	return record(&daemon);
}
