# SPDX-License-Identifier: Apache-2.0
"""The tracers that are compared: each attaches to a running process, says when it is at work, and is taken off again."""

import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tool  # noqa: E402

# What a bpftrace user writes for the four numbers: sizes at entry, addresses at return, taken out by free.
BPFTRACE_LIVE = """
uprobe:{libc}:malloc /pid == {pid}/ {{ @size[tid] = arg0; @stack[tid] = ustack; }}
uretprobe:{libc}:malloc /@size[tid]/ {{
    @alloc_bytes[@stack[tid]] = sum(@size[tid]); @alloc_cnt[@stack[tid]] = count();
    @live[retval] = (@size[tid], @stack[tid]); delete(@size[tid]); delete(@stack[tid]); }}
uprobe:{libc}:free /@live[arg0].0/ {{ @freed[@live[arg0].1] = sum(@live[arg0].0); delete(@live[arg0]); }}
"""
BPFTRACE_STACKS = "uprobe:{libc}:malloc /pid == {pid}/ {{ @[ustack] = sum(arg0); }}"
BPFTRACE_COUNT = """
uprobe:{libc}:malloc /pid == {pid}/ {{ @cnt = count(); @bytes = sum(arg0); }}
uprobe:{libc}:free /pid == {pid}/ {{ @frees = count(); }}
"""


def allocator_of(pid):
    """The file that defines malloc: a preloaded or linked allocator before libc, the executable if there is none."""
    with open("/proc/%d/maps" % pid) as f:
        paths = [line.split(None, 5)[5].strip() for line in f if "/" in line]
    for pattern in (r"/lib(jemalloc|tcmalloc|mimalloc)", r"/libc[.-]", r"ld-musl"):
        for path in paths:
            if re.search(pattern, path):
                return path
    return paths[0]


class Nothing:
    """Untraced."""

    def __init__(self, pid, folder, follow=False):
        pass

    def stop(self):
        pass


class Heaptap:
    def __init__(self, pid, folder, follow, args, binary):
        args = [*args, "--follow"] if follow else args
        self.tap = tool.Process([binary, "record", "-f", "-p", str(pid), "-o", os.path.join(folder, "bench.heaptap"), *args])
        self.tap.expect("err", "heaptap: tracing ")

    def stop(self):
        if self.tap.popen.poll() is None:
            self.tap.interrupt()
        self.tap.wait()


class Bpftrace:
    def __init__(self, pid, folder, script):
        # bpftrace's maps hold 4,096 entries unless told otherwise, and drop what is more.
        env = {"BPFTRACE_MAP_KEYS_MAX": "1000000"}
        code = 'BEGIN { printf("live\\n"); } ' + script.format(libc=allocator_of(pid), pid=pid)
        self.process = tool.Process([tool.which("bpftrace"), "-e", code], env=env)
        self.process.expect("out", "live")
        time.sleep(1)  # BEGIN runs before the last probe is on

    def stop(self):
        """Its closing print of many stacks can take longer than anyone waits."""
        self.process.interrupt()
        try:
            self.process.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.process.popen.kill()
            self.process.popen.wait()


def heaptap(*args, binary=tool.HEAPTAP):
    return lambda pid, folder, follow=False: Heaptap(pid, folder, follow, args, binary)


def bpftrace(script):
    return lambda pid, folder, follow=False: Bpftrace(pid, folder, script)


# name -> how it is started, and the mode that is its floor
TRACERS = {
    "untraced": (Nothing, None),
    "floor": (heaptap("--sample", "exact", "--empty-probes"), "untraced"),
    "heaptap exact": (heaptap("--sample", "exact"), "floor"),
    "heaptap 512K": (heaptap("--sample", "512K"), "floor"),
    "floor, no frees": (heaptap("--sample", "exact", "--no-live", "--empty-probes"), "untraced"),
    "heaptap --no-live": (heaptap("--sample", "exact", "--no-live"), "floor, no frees"),
    "heaptap --no-live 512K": (heaptap("--no-live", "--sample", "512K"), "floor, no frees"),
    "heaptap --max-overhead 1": (heaptap("--sample", "exact", "--max-overhead", "1"), "untraced"),
    "bpftrace malloc+free counts": (bpftrace(BPFTRACE_COUNT), "untraced"),
    "bpftrace malloc stacks": (bpftrace(BPFTRACE_STACKS), "untraced"),
    "bpftrace four numbers": (bpftrace(BPFTRACE_LIVE), "untraced"),
    "heaptrack": (Nothing, "untraced")  # preloaded by whoever starts the program
}


def chosen(variable):
    """What the environment names, between semicolons; None if nothing."""
    return [w for w in os.environ.get(variable, "").split(";") if w] or None


def answer(process):
    """The line that a running program answers to a byte."""
    seen = len(process.lines["out"])
    process.release()
    with process.news:
        while len(process.lines["out"]) <= seen:
            if not process.news.wait(tool.PATIENCE):
                raise tool.Failed("the program does not answer")
        return process.lines["out"][seen]


def pair_ns(pair):
    """One round of the running pair loop (pair.c): the CPU nanoseconds of a pair."""
    return float(answer(pair))


def traced_pair_ns(pair, folder, start):
    """The same while the tracer that @start starts is attached."""
    tracer = start(pair.pid, folder)
    try:
        return pair_ns(pair)
    finally:
        tracer.stop()


def available(names=None):
    """The tracers that can run here, in order."""
    out = []
    for name in names or TRACERS:
        program = name.split()[0]
        if program in ("bpftrace", "heaptrack"):
            try:
                tool.which(program)
            except tool.Skipped:
                continue
        out.append(name)
    return out
