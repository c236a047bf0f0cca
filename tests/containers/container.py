#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A container as runtimes make them, without one: a process in user, mount, pid and control group namespaces of its own, with
another file system as its root, under user ids that are nobody's here.

	container.py ROOT CGROUP-DIR... -- ARGV...

Says nothing; standard input and output are ARGV's, its exit status too. CGROUP-DIRs are left to who made them.
"""

import ctypes
import os
import platform
import sys

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x2000000, 0x10000000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[platform.machine()]
BASE = 100000  # of user and group ids outside

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result < 0:
        sys.exit("container: %s: %s" % (what, os.strerror(ctypes.get_errno())))


def mount(source, target, kind, flags):
    must(libc.mount(source, target, kind, ctypes.c_ulong(flags), None), "mount %s" % target.decode())


def become_init(root, argv):
    """Inside, as process 1."""
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    mount(root.encode(), root.encode(), None, MS_BIND | MS_REC)
    os.chdir(root)
    mount(b"proc", b"proc", b"proc", 0)
    must(libc.syscall(PIVOT_ROOT, b".", b"."), "pivot_root")
    must(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")
    os.execv(argv[0], argv)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def main():
    end = sys.argv.index("--")
    root, groups, argv = sys.argv[1], sys.argv[2:end], sys.argv[end + 1:]
    for group in groups:
        write(os.path.join(group, "cgroup.procs"), "0")
    unshared, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP), "unshare")
        os.write(unshared[1], b"x")
        os.read(mapped[0], 1)
        os.setgid(0)
        os.setuid(0)
        init = os.fork()
        if not init:
            become_init(root, argv)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(init, 0)[1]) & 255)
    os.close(unshared[1])
    if os.read(unshared[0], 1):
        for name in ("uid_map", "gid_map"):
            write("/proc/%d/%s" % (child, name), "0 %d 65536" % BASE)
    os.write(mapped[1], b"x")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)


main()
