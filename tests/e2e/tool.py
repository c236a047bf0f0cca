# SPDX-License-Identifier: Apache-2.0
"""Runs heaptap and the programs it traces, and reports one line per case as scripts/run-tests wants them."""

import concurrent.futures
import ctypes
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import pprof

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
HEAPTAP = os.environ.get("HEAPTAP", os.path.join(BUILD, "heaptap"))
PROGS = os.path.join(BUILD, "progs")
COUNTER = os.path.join(PROGS, "count.so")
PATIENCE = int(os.environ.get("PATIENCE", 60))  # seconds until something that must happen is said not to


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def need(truth, why):
    if not truth:
        raise Failed(why)


def prog(name):
    path = os.path.join(PROGS, name)
    if not os.path.exists(path):
        raise Skipped("%s is not built" % name)
    return path


def which(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skipped("no %s" % name)
    return path


def library(name):
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    raise Skipped("no %s" % name)


class Process:
    """A child whose standard error (and, unless inherited, output) is gathered line by line."""

    def __init__(self, argv, env=None, stdin=subprocess.PIPE, cwd=None, preexec=None):
        full = dict(os.environ, **env) if env else None
        self.argv = argv
        self.popen = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full,
                                      cwd=cwd, preexec_fn=preexec)
        self.pid = self.popen.pid
        self.lines = {"out": [], "err": []}
        self.news = threading.Condition()
        self.readers = [threading.Thread(target=self._read, args=(stream, name), daemon=True)
                        for stream, name in ((self.popen.stdout, "out"), (self.popen.stderr, "err"))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, name):
        for line in iter(stream.readline, b""):
            with self.news:
                self.lines[name].append(line.decode("utf-8", "replace").rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.lines[name].append(None)
            self.news.notify_all()

    def text(self, name):
        return "\n".join(line for line in self.lines[name] if line is not None)

    def expect(self, name, start):
        """The first line of stream @name that begins with @start."""
        end = time.monotonic() + PATIENCE
        seen = 0
        with self.news:
            while True:
                while seen < len(self.lines[name]):
                    line = self.lines[name][seen]
                    if line is None:
                        raise Failed("%s ended without '%s': %s" % (self.name(), start, self.text("err")[-400:]))
                    if line.startswith(start):
                        return line
                    seen += 1
                if not self.news.wait(end - time.monotonic()) and time.monotonic() > end:
                    raise Failed("%s did not say '%s': %s" % (self.name(), start, self.text("err")[-400:]))

    def name(self):
        return os.path.basename(self.argv[0])

    def release(self):
        self.popen.stdin.write(b"x")
        self.popen.stdin.flush()

    def interrupt(self):
        self.popen.send_signal(signal.SIGINT)

    def wait(self):
        """The exit status; a signal is negative."""
        try:
            status = self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed("%s does not end" % self.name())
        for reader in self.readers:
            reader.join(PATIENCE)
        return status

    def finish(self):
        try:
            self.popen.stdin.close()
        except (AttributeError, OSError):
            pass
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


def record(args, **kwargs):
    """Every allocation is kept unless @args say otherwise: most tests compare to the unit."""
    exact = [] if "--sample" in args else ["--sample", "exact"]
    return Process([HEAPTAP, "record"] + exact + args, **kwargs)


def attach(folder, argv, args=(), env=None, out="out.pb.gz"):
    """
    Start @argv (site.h's protocol), attach, let it work, stop while it holds its blocks.
    Returns (profile's path, table's path, heaptap's process).
    """
    path, table = os.path.join(folder, out), os.path.join(folder, "table")
    with Process([argv[0], "--out", table] + argv[1:], env=env) as target:
        target.expect("out", "ready")
        with record(["-p", str(target.pid), "-o", path, *args]) as tap:
            tap.expect("err", "heaptap: tracing ")
            target.release()
            target.expect("out", "done")
            tap.interrupt()
            status = tap.wait()
            need(status == 0, "heaptap exits with %d: %s" % (status, tap.text("err")[-400:]))
        status = target.finish()
        need(status == 0, "the program exits with %d" % status)
    return path, table, tap


def command(folder, argv, args=(), env=None, out="out.pb.gz", hold=True, status=0):
    """The same under `record -- CMD`; with @hold it is stopped while CMD holds its blocks, else CMD ends."""
    path, table = os.path.join(folder, out), os.path.join(folder, "table")
    words = [argv[0], "--now"] + (["--hold"] if hold else []) + ["--out", table] + argv[1:]
    if env:
        words = ["/usr/bin/env"] + ["%s=%s" % pair for pair in env.items()] + words
    with record(["-o", path, *args, "--"] + words) as tap:
        if hold:
            tap.expect("out", "done")
            tap.interrupt()
        got = tap.wait() if hold else tap.finish()
        need(got == status or hold, "heaptap exits with %d, not %d: %s" % (got, status, tap.text("err")[-400:]))
    return path, table, tap


def read_table(path):
    out = {}
    with open(path) as f:
        for line in f:
            site, *values = line.split()
            out[site] = [int(v) for v in values]
    return out


def site_of(sample):
    """The site function at the leaf (allocator frames are stripped), None if something else called."""
    leaf = sample.frames[0].names[0] if sample.frames else ""
    return leaf if leaf.startswith("site_") else None


def compare_sites(profile, table, ignore=()):
    """All four numbers of every site, to the unit; a site that is not in the table is wrong as well."""
    need([name for name, _ in profile.types] == list(pprof.METRICS), "sample types are %s" % profile.types)
    got = profile.by(site_of)
    wrong = []
    for site in sorted(set(table) | {s for s in got if s}):
        if site in ignore:
            continue
        want = table.get(site, [0] * 4)
        have = got.get(site, [0] * 4)
        if want != have:
            wrong.append("%s is %s, not %s" % (site, "/".join(map(str, have)), "/".join(map(str, want))))
    need(not wrong, "; ".join(wrong[:4]) + (" (and %d more)" % (len(wrong) - 4) if len(wrong) > 4 else ""))
    return got


def why_no_tracing():
    """What of the machine, not of heaptap, is in the way; None if nothing is. Told without heaptap, or its faults would skip."""
    if os.geteuid():
        return "tracing needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    if not os.path.exists("/sys/bus/event_source/devices/uprobe"):
        return "this kernel has no uprobes"
    # BPF_MAP_CREATE of an array: type, key, value, entries (bpf(2)).
    number = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
    attr = ctypes.create_string_buffer(struct.pack("4I", 2, 4, 8, 1), 128)
    fd = ctypes.CDLL(None, use_errno=True).syscall(number, 0, attr, 128) if number else -1
    if fd < 0:
        return "bpf() is not to be had here: %s" % os.strerror(ctypes.get_errno())
    os.close(fd)
    return None


def need_tracing():
    why = why_no_tracing()
    if why:
        print("skip %s - %s" % (os.path.basename(sys.argv[0]), why))
        sys.exit(77)


def run_cases(cases, jobs=2):
    """cases: {name: function(folder)}. Prints a line per case; the exit status. Arguments select by substring."""
    want = sys.argv[1:]
    picked = [(name, fn) for name, fn in cases.items() if not want or any(w in name for w in want)]
    lock = threading.Lock()
    failed = 0

    def run(item):
        nonlocal failed
        name, fn = item
        with tempfile.TemporaryDirectory(prefix="heaptap-e2e-") as folder:
            try:
                note = fn(folder)
                line = "ok %s" % name + ("\n# %s: %s" % (name, note) if note else "")
            except Skipped as why:
                line = "skip %s - %s" % (name, why)
            except Failed as why:
                line = "not ok %s - %s" % (name, why)
            except Exception:
                line = "not ok %s - %s" % (name, traceback.format_exc().strip().replace("\n", " | "))
        with lock:
            failed += line.startswith("not ok")
            print(line, flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, picked))
    return 1 if failed else 0


def go_pprof(*args):
    """`go tool pprof ARGS`, its output; Debian's go has it, a newer one builds it on first use."""
    for go in ("/usr/bin/go", shutil.which("go")):
        if go and os.path.exists(go):
            done = subprocess.run([go, "tool", "pprof", *args], capture_output=True, text=True,
                                  env=dict(os.environ, PPROF_TMPDIR="/tmp"), timeout=PATIENCE)
            need(done.returncode == 0, "go tool pprof %s: %s" % (" ".join(args), done.stderr[-300:]))
            return done.stdout
    raise Skipped("no go")


def wait_until(truth, what):
    end = time.monotonic() + PATIENCE
    while not truth():
        need(time.monotonic() < end, "%s did not happen" % what)
        time.sleep(0.02)
