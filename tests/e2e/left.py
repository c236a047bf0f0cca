# SPDX-License-Identifier: Apache-2.0
"""What a recording could leave behind: breakpoints in its target, programs, maps and links, pins, uprobe events."""

import ctypes
import glob
import json
import os
import struct
import subprocess

import tool

NEXT_ID = {"prog": 11, "map": 12, "link": 31}  # commands of bpf(2)
HOLDS = {kind + "_id:" for kind in NEXT_ID}  # in /proc/PID/fdinfo
EVENTS = ("/sys/kernel/tracing/uprobe_events", "/sys/kernel/debug/tracing/uprobe_events")


def changed_code(pid):
    """Files whose code is not what @pid has mapped of them: a probe is a byte that differs."""
    wrong = []
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            words = line.split()
            if "x" not in words[1] or len(words) < 6 or not words[5].startswith("/"):
                continue
            start, end = (int(x, 16) for x in words[0].split("-"))
            mem.seek(start)
            have = mem.read(end - start)
            with open(words[5], "rb") as f:
                f.seek(int(words[2], 16))
                want = f.read(end - start)
            if have[:len(want)] != want:
                wrong.append(words[5])
    return wrong


def need_own_code(pid):
    """Patient: others may be tracing the whole machine for a while."""
    tool.wait_until(lambda: not changed_code(pid), "the removal of the probes")


def events():
    for path in EVENTS:
        if os.path.exists(path):
            with open(path) as f:
                return f.read()
    return ""


def pins():
    return set(glob.glob("/sys/fs/bpf/**", recursive=True))


def ids(kind):
    """
    The numbers of all there are (bpf(2), BPF_*_GET_NEXT_ID). Maps are not opened, as `bpftool map show` does: a program
    array whose owner ends at that moment stays for ever then (seen on Linux 6.18).
    """
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    attr = ctypes.create_string_buffer(128)
    out, last = set(), 0
    while True:
        struct.pack_into("I", attr, 0, last)
        if ctypes.CDLL(None).syscall(number, NEXT_ID[kind], attr, 128):
            return out
        last = struct.unpack_from("I", attr, 4)[0]
        out.add((kind, last))


def programs():
    done = subprocess.run([tool.which("bpftool"), "-j", "prog", "show"], capture_output=True, text=True)
    return {("prog", item["id"]): item for item in json.loads(done.stdout or "[]")}


def held():
    """What some process has open: (kind, id)."""
    out = set()
    for path in glob.iglob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path) as f:
                words = [line.split() for line in f]
        except OSError:
            continue  # closed, or its process is gone
        out |= {(word[0][:-len("_id:")], int(word[1])) for word in words if word and word[0] in HOLDS}
    return out


def everything():
    return set().union(*(ids(kind) for kind in NEXT_ID))


class Kernel:
    """What the kernel holds now, to compare with later."""

    def __init__(self):
        self.ids, self.pins, self.events = everything(), pins(), events()

    def orphans(self):
        """
        What came since and no process holds, itself or by a program that uses it. Others may be tracing on this machine just
        now: of theirs there is always something on its way out, but never the same for long.
        """
        new = everything() - self.ids
        if not new:
            return set()
        known, kept = programs(), held()
        kept |= {("map", used) for key, item in known.items() if key in kept for used in item.get("map_ids", ())}
        return {"%s %d %s" % (*key, known.get(key, {}).get("name", "")) for key in new - kept}

    def need_nothing_new(self):
        """Patient as well."""
        stay = self.orphans()

        def gone():
            stay.intersection_update(self.orphans() if stay else ())
            return not stay
        try:
            tool.wait_until(gone, "")
        except tool.Failed:
            raise tool.Failed("left in the kernel: %s" % ", ".join(sorted(stay)[:8]))
        tool.need(pins() <= self.pins, "something is pinned")
        tool.need(events() == self.events, "a uprobe event is left")
