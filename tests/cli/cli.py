# SPDX-License-Identifier: Apache-2.0
"""Runs heaptap's readers and reads what they print. Profiles come from a real Go program, built once, offline."""

import os
import re
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "e2e"))
import pprof  # noqa: E402
import tool  # noqa: E402

METRICS = pprof.METRICS
lock = threading.Lock()


def env(**changes):
    """An environment in which output depends on nothing of the machine."""
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "DEBUGINFOD_URLS")}
    return dict(clean, TZ="UTC", LC_ALL="C.UTF-8", TERM="dumb", **changes)


def run(*args, stdin=b"", **changes):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([tool.HEAPTAP, *args], input=stdin, capture_output=True, env=env(**changes),
                          timeout=tool.PATIENCE)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def out(*args, **kwargs):
    """Standard output of a run that must succeed."""
    status, text, err = run(*args, **kwargs)
    tool.need(status == 0, "heaptap %s exits with %d: %s" % (" ".join(args), status, err.strip()))
    return text


def go_program():
    go = "/usr/bin/go" if os.path.exists("/usr/bin/go") else tool.which("go")
    exe = os.path.join(tool.BUILD, "cli", "goprog")
    source = os.path.join(HERE, "goprog", "main.go")
    with lock:
        if not os.path.exists(exe) or os.path.getmtime(exe) < os.path.getmtime(source):
            os.makedirs(os.path.dirname(exe), exist_ok=True)
            built = subprocess.run([go, "build", "-o", exe, source], capture_output=True, text=True,
                                   env=env(GO111MODULE="off", CGO_ENABLED="0", GOFLAGS="",
                                           GOCACHE=os.path.join(tool.BUILD, "cli", "cache")))
            if built.returncode:
                raise tool.Skipped("go builds nothing here: " + built.stderr.strip()[-200:])
    return exe


def go_profile(folder, name, scale=1):
    path = os.path.join(folder, name)
    subprocess.run([go_program(), path, str(scale)], check=True, timeout=tool.PATIENCE)
    return path


def table(text, words):
    """
    Rows of a table: ([words before the name], name). Behind the heading that ends in the name of a grouping; the rest
    row is left out.
    """
    lines = iter(text.splitlines())
    for line in lines:
        if re.search(r"  (function|line|file|module|process)$", line):
            break
    rows = []
    for line in lines:
        if not line:
            break
        cells = line.split(None, words)
        if not cells[words].startswith("("):
            rows.append((cells[:words], cells[words]))
    return rows


REPORT_WORDS = 9  # share sum bytes objects mean bytes objects cum share
VALUE_WORD = {"alloc_space": 2, "alloc_objects": 3, "inuse_space": 5, "inuse_objects": 6}


def report(path, metric, *args):
    """{function: (flat, cum)} and the total."""
    rows = table(out("report", path, "--exact", "-n", "0", "--sort", metric, *args), REPORT_WORDS)
    values = {name: (int(cells[VALUE_WORD[metric]]), int(cells[7])) for cells, name in rows}
    total = values.pop("total")[0]
    return values, total


def bare(name):
    """A name without pprof's remark on inlining."""
    return re.sub(r" \((partial-)?inline\)$", "", name)
