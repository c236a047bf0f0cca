# SPDX-License-Identifier: Apache-2.0
"""Control groups of the tests' own."""

import contextlib
import os
import time

import tool

ROOTS = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")


def root():
    for folder in ROOTS:
        if os.path.exists(os.path.join(folder, "cgroup.procs")) and os.access(folder, os.W_OK):
            return folder
    raise tool.Skipped("there is no tree of control groups")


def remove(folder):
    """Members may still be on their way out."""
    for _ in range(100):
        try:
            return os.rmdir(folder)
        except OSError:
            time.sleep(0.05)


@contextlib.contextmanager
def make(path, under=None):
    """
    Control group @path below @under (any tree), made with its parents and taken away again with them. Gives the folder and
    what a child calls to be in it.
    """
    folder, made, procs = under or root(), [], None
    try:
        for part in path.split("/"):
            folder = os.path.join(folder, part)
            if os.path.exists(folder):
                continue
            try:
                os.mkdir(folder)
            except OSError as why:
                raise tool.Skipped("no control group can be made: %s" % why)
            made.append(folder)
        if not os.path.exists(os.path.join(folder, "cgroup.procs")):
            raise tool.Skipped("%s is no control group" % folder)
        procs = open(os.path.join(folder, "cgroup.procs"), "w")

        def join():
            procs.write("0")
            procs.flush()
        yield folder, join
    finally:
        if procs:
            procs.close()
        for folder in reversed(made):
            remove(folder)
