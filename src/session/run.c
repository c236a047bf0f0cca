// SPDX-License-Identifier: Apache-2.0
/* The event loop: counting goes on by itself; we wait for reasons to stop, and look after new mappings. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "proc/proc_info.h"
#include "session/apart.h"
#include "session/pace.h"
#include "session/recording.h"
#include "session/totals.h"

/* Warn of a cost of more than this share, once this much CPU time says so. */
#define COST_WARN    0.05
#define COST_SURE_NS 200000000u

enum source {
	SOURCE_SIGNAL,
	SOURCE_TIMER,
	SOURCE_PACE,
	SOURCE_TICK,
	SOURCE_TOTALS,
	SOURCE_NOTICE,
	SOURCE_FILE,
	SOURCE_PROCESS,
	SOURCE_INPUT
};

struct loop {
	struct recording *rec;
	int epoll_fd, signal_fd, timer_fd, pace_fd, tick_fd, totals_fd;
	VEC(int) pid_fds;
	size_t ended_cnt; /* of pid_fds */
	bool unheard;     /* there are notices that epoll does not know of */
	bool stop;
};

static void loop__done(struct loop *loop)
{
	size_t i;

	cleanup_fd(&loop->epoll_fd);
	cleanup_fd(&loop->signal_fd);
	cleanup_fd(&loop->timer_fd);
	cleanup_fd(&loop->pace_fd);
	cleanup_fd(&loop->tick_fd);
	cleanup_fd(&loop->totals_fd);
	for (i = 0; i < loop->pid_fds.cnt; i++)
		cleanup_fd(&loop->pid_fds.at[i]);
	vec__done(&loop->pid_fds);
}

static int watch(struct loop *loop, int fd, enum source source, uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u64 = (uint64_t)source << 32 | index };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_signals(struct loop *loop)
{
	loop->signal_fd = signalfd(-1, &loop->rec->stop_signals.set, SFD_CLOEXEC | SFD_NONBLOCK);
	return loop->signal_fd < 0 ? -errno : watch(loop, loop->signal_fd, SOURCE_SIGNAL, 0);
}

static int watch_timer(struct loop *loop)
{
	uint64_t ns = loop->rec->config->duration_ns;
	struct itimerspec spec = { .it_value = { .tv_sec = (time_t)(ns / 1000000000u),
						 .tv_nsec = (long)(ns % 1000000000u) } };

	if (!ns)
		return 0;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (loop->timer_fd < 0 || timerfd_settime(loop->timer_fd, 0, &spec, NULL))
		return -errno;
	return watch(loop, loop->timer_fd, SOURCE_TIMER, 0);
}

/* Ready every @period_ns. */
static int watch_period(struct loop *loop, int *fd, uint64_t period_ns, enum source source)
{
	const struct timespec period = { .tv_sec = (time_t)(period_ns / 1000000000u),
					 .tv_nsec = (long)(period_ns % 1000000000u) };
	struct itimerspec spec = { .it_value = period, .it_interval = period };

	*fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*fd < 0 || timerfd_settime(*fd, 0, &spec, NULL))
		return -errno;
	return watch(loop, *fd, source, 0);
}

/* What is looked after all the time: sampling means that adapt, what it costs, totals that are shown. */
static int watch_periods(struct loop *loop)
{
	const struct session_config *config = loop->rec->config;
	int err = 0;

	if (!config->sample_bytes)
		err = watch_period(loop, &loop->pace_fd, PACE_TICK_NS, SOURCE_PACE);
	if (!err)
		err = watch_period(loop, &loop->tick_fd, 1, SOURCE_TICK);
	if (!err && config->on_totals)
		err = watch_period(loop, &loop->totals_fd, config->interval_ns, SOURCE_TOTALS);
	return err;
}

/* A pidfd reads as ready once its process has ended; one that is gone already counts as ended. */
static int watch_processes(struct loop *loop)
{
	size_t i;
	int fd, err = 0;

	for (i = 0; !err && i < loop->rec->pids.cnt; i++) {
		fd = (int)syscall(SYS_pidfd_open, loop->rec->pids.at[i], 0);
		if (fd < 0 && errno != ESRCH)
			return -errno;
		err = vec__push(&loop->pid_fds, fd);
		if (fd < 0)
			loop->ended_cnt++;
		else if (!err)
			err = watch(loop, fd, SOURCE_PROCESS, (uint32_t)i);
	}
	return err;
}

static int loop__open(struct loop *loop)
{
	int err;

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	err = watch_signals(loop);
	if (!err)
		err = watch_timer(loop);
	if (!err)
		err = watch_periods(loop);
	if (!err)
		err = watch(loop, tracer__notice_fd(loop->rec->tracer), SOURCE_NOTICE, 0);
	if (!err && file_table__fd(loop->rec->files) >= 0)
		err = watch(loop, file_table__fd(loop->rec->files), SOURCE_FILE, 0);
	if (!err && loop->rec->config->watch && loop->rec->config->watch->input_fd >= 0)
		err = watch(loop, loop->rec->config->watch->input_fd, SOURCE_INPUT, 0);
	return err ? err : watch_processes(loop);
}

static void on_notice(const struct notice *notice, void *ctx)
{
	struct recording *rec = ctx;
	pid_t pid;

	switch (notice->kind) {
	case NOTICE_FILE:
		file_table__add_notice(rec->files, notice);
		recording__feed_files(rec);
		process_table__scan(rec->processes, notice->image, (pid_t)notice->tgid);
		break;
	case NOTICE_EXEC:
		recording__on_exec(rec, notice);
		break;
	case NOTICE_TRANSLATOR:
		apart_spare_newcomer(rec, (pid_t)notice->tgid, notice->id & ENTRY_HELD);
		break;
	case NOTICE_LIBS:
		recording__on_libs(rec, notice);
		break;
	case NOTICE_ADOPT:
		recording__look_at(rec, notice->image, (pid_t)notice->tgid);
		break;
	case NOTICE_FORK:
		/* The child of a notice sent by its parent. */
		pid = (pid_t)(notice->id ? notice->id : notice->tgid);
		if (rec->is_apart)
			late__begin(rec, notice->image, LATE_UNHOOKED);
		recording__look_at(rec, notice->image, pid);
		late__look(rec, notice->image, pid);
		break;
	case NOTICE_EXIT:
		late__end(rec, notice->image);
		looks__forget(&rec->looks, notice->image);
		apart_forget(rec, (pid_t)notice->tgid);
		if (rec->scope != SCOPE_LISTED && recording__is_crowded(rec) &&
		    recording__retire(rec))
			log_debug("not all of what ended processes hold could be taken back");
		break;
	default:
		break;
	}
}

static void on_signal(struct loop *loop)
{
	struct recording *rec = loop->rec;
	struct signalfd_siginfo info;

	if (read(loop->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* The terminal sends Ctrl-C to the whole group: the command has its own already. */
	if (info.ssi_code != SI_KERNEL)
		rec->stop_signal = (int)info.ssi_signo;
	rec->stopped_by_signal = true;
	loop->stop = true;
}

static void on_process_end(struct loop *loop, uint32_t index)
{
	close(loop->pid_fds.at[index]);
	loop->pid_fds.at[index] = -1;
	loop->ended_cnt++;
}

/* Has the timer gone off? It is made ready for the next time. */
static bool has_expired(int fd)
{
	uint64_t expired_cnt;

	return read(fd, &expired_cnt, sizeof(expired_cnt)) == sizeof(expired_cnt);
}

/* Whoever runs a command through us knows that it is slowed down. */
static void warn_of_cost(struct recording *rec)
{
	struct work cost;

	if (rec->warned_of_cost || rec->config->cmd || session_has_budget(rec->config))
		return;
	cost = governor__cost(rec->governor, rec->tracer);
	if (cost.cpu_ns < COST_SURE_NS || !work_is_past(cost, COST_WARN))
		return;
	rec->warned_of_cost = true;
	log_warn(0, "tracing costs %.0f %% of CPU time; --max-overhead PCT keeps to a budget",
		 100 * work_cost(cost));
}

/* But nobody knows that others are, for probes are shared. */
static void warn_of_others(struct recording *rec)
{
	uint64_t elapsed_ns = clock_ns(CLOCK_MONOTONIC) - rec->start_mono_ns,
		 ns = governor__others_ns(rec->governor);

	if (rec->warned_of_others || session_has_budget(rec->config) || ns < COST_SURE_NS ||
	    (double)ns < COST_WARN * (double)elapsed_ns)
		return;
	rec->warned_of_others = true;
	log_warn(0,
		 "processes that are left out are slowed down, too: by %.0f %% of a CPU; "
		 "--max-overhead PCT spares them",
		 100 * (double)ns / (double)elapsed_ns);
}

/* A file that was read while others were looked after. */
static void on_file(struct recording *rec)
{
	file_table__read_on(rec->files, true);
	recording__feed_files(rec);
}

static void hear(struct loop *loop)
{
	loop->unheard = tracer__poll(loop->rec->tracer, on_notice, loop->rec) > 0;
}

/* The governor says when it wants to come again. */
static void on_tick(struct loop *loop)
{
	struct recording *rec = loop->rec;
	struct itimerspec spec = {};
	uint64_t next;

	/* Before probes may be shared again: who begins under valgrind must have been heard of. */
	hear(loop);
	if (loop->unheard)
		governor__delay_unite(rec->governor, clock_ns(CLOCK_MONOTONIC));
	next = governor__tick(rec->governor, rec->tracer, clock_ns(CLOCK_MONOTONIC));
	spec.it_value = (struct timespec){ .tv_sec = (time_t)(next / 1000000000u),
					   .tv_nsec = (long)(next % 1000000000u) };
	timerfd_settime(loop->tick_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	if (file_table__is_late(rec->files, clock_ns(CLOCK_MONOTONIC)))
		on_file(rec);
	silent__look(rec, clock_ns(CLOCK_MONOTONIC));
	warn_of_cost(rec);
	warn_of_others(rec);
	if (recording__forget_files(rec, clock_ns(CLOCK_MONOTONIC)))
		log_debug("not all files that nobody maps could be let go of");
}

static void tell_totals(const struct recording *rec)
{
	struct session_totals totals =
		totals_read(rec->tracer, clock_ns(CLOCK_MONOTONIC) - rec->start_mono_ns);

	rec->config->on_totals(&totals, false, rec->config->ctx);
}

static void on_input(struct loop *loop)
{
	const struct session_watch *to = loop->rec->config->watch;

	if (!to->on_input(to->ctx))
		loop->stop = true;
}

static void dispatch(struct loop *loop, uint64_t data)
{
	switch ((enum source)(data >> 32)) {
	case SOURCE_SIGNAL:
		on_signal(loop);
		break;
	case SOURCE_TIMER:
		loop->stop = true;
		break;
	case SOURCE_PACE:
		if (has_expired(loop->pace_fd))
			pace_tick(loop->rec->tracer, clock_ns(CLOCK_MONOTONIC));
		break;
	case SOURCE_TICK:
		if (has_expired(loop->tick_fd))
			on_tick(loop);
		break;
	case SOURCE_TOTALS:
		if (has_expired(loop->totals_fd))
			tell_totals(loop->rec);
		break;
	case SOURCE_NOTICE:
		hear(loop);
		break;
	case SOURCE_FILE:
		on_file(loop->rec);
		break;
	case SOURCE_PROCESS:
		on_process_end(loop, (uint32_t)data);
		break;
	case SOURCE_INPUT:
		on_input(loop);
		break;
	}
}

static int loop__run(struct loop *loop)
{
	struct epoll_event events[16];
	int cnt, i, wait_ms;

	while (!loop->stop) {
		/* With a wider scope others may come; with named processes alone there is nobody left. */
		if (loop->ended_cnt == loop->pid_fds.cnt && loop->rec->scope < SCOPE_CGROUP)
			return 0;
		if (!recording__pulse(loop->rec, &wait_ms))
			return 0;
		if (loop->unheard)
			hear(loop);
		cnt = epoll_wait(loop->epoll_fd, events, 16, loop->unheard ? 0 : wait_ms);
		if (cnt < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < cnt; i++)
			dispatch(loop, events[i].data.u64);
	}
	return 0;
}

static void announce(const struct recording *rec)
{
	struct proc_info info;

	if (rec->config->quiet)
		return;
	if (rec->config->cmd)
		log_info("tracing %s (process %d), %zu probes", rec->config->cmd[0],
			 (int)rec->child.pid, rec->probe_cnt);
	else if (rec->pids.cnt == 1 && !proc_info__read(rec->pids.at[0], &info))
		log_info("tracing process %d (%s), %zu probes; Ctrl-C stops%s", (int)info.pid,
			 info.comm, rec->probe_cnt, rec->config->on_totals ? "" : " and writes");
	else if (rec->scope >= SCOPE_CGROUP)
		log_info("tracing %s, %zu probes in %zu files; Ctrl-C stops and writes",
			 rec->scope == SCOPE_ALL ? "every process" : rec->config->cgroup,
			 rec->probe_cnt, rec->object_cnt);
	else
		log_info("tracing %zu processes, %zu probes in %zu files; Ctrl-C stops and writes",
			 rec->pids.cnt, rec->probe_cnt, rec->object_cnt);
}

/* The command's exec comes after the switch: its first instruction is seen. */
static int release_command(struct recording *rec)
{
	int err = child__release(&rec->child);

	if (!err)
		return SESSION_OK;
	log_err(err, "cannot run %s", rec->config->cmd[0]);
	return err == -ENOENT ? SESSION_NOT_FOUND : SESSION_CANNOT_RUN;
}

int recording__run(struct recording *rec)
{
	struct loop loop __attribute__((cleanup(loop__done))) = { .rec = rec,
								  .epoll_fd = -1,
								  .signal_fd = -1,
								  .timer_fd = -1,
								  .pace_fd = -1,
								  .tick_fd = -1,
								  .totals_fd = -1 };
	int err = loop__open(&loop);

	if (err)
		return log_err(err, "cannot start the event loop");
	rec->start_ns = clock_ns(CLOCK_REALTIME);
	rec->start_mono_ns = clock_ns(CLOCK_MONOTONIC);
	recording__start_pulse(rec);
	governor__start(rec->governor, rec->tracer, rec->start_mono_ns);
	tracer__activate(rec->tracer);
	announce(rec);
	if (rec->config->watch && rec->config->watch->on_start)
		rec->config->watch->on_start(rec->config->watch->ctx, (struct session_view *)rec);
	if (rec->child.pid) {
		err = release_command(rec);
		if (err)
			return err;
	}
	err = loop__run(&loop);
	rec->cost = governor__cost(rec->governor, rec->tracer);
	if (rec->config->watch && rec->config->watch->on_stop)
		rec->config->watch->on_stop(rec->config->watch->ctx);
	tracer__deactivate(rec->tracer);
	rec->stop_mono_ns = clock_ns(CLOCK_MONOTONIC);
	governor__close(rec->governor, rec->tracer, true);
	/* What was said since the last look is about frames that were counted. */
	while (tracer__poll(rec->tracer, on_notice, rec) > 0)
		;
	recording__make_up_looks(rec, UINT64_MAX);
	return err ? log_err(err, "the event loop failed") : SESSION_OK;
}
