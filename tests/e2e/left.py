# SPDX-License-Identifier: Apache-2.0
"""What a recording could leave behind: breakpoints in its target, programs, maps and links, pins, uprobe events."""

import glob
import json
import os
import subprocess

import tool

KINDS = ("prog", "map", "link")
HOLDS = {kind + "_id:" for kind in KINDS}  # in /proc/PID/fdinfo
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


def show(kind):
    done = subprocess.run([tool.which("bpftool"), "-j", kind, "show"], capture_output=True, text=True)
    return json.loads(done.stdout or "[]")


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


class Kernel:
    """What the kernel holds now, to compare with later."""

    def __init__(self):
        self.ids = {(kind, item["id"]) for kind in KINDS for item in show(kind)}
        self.pins, self.events = pins(), events()

    def orphans(self):
        """What came since and no process holds: others may be tracing on this machine just now."""
        new = {(kind, item["id"]): item.get("name", item.get("type")) for kind in KINDS for item in show(kind)
               if (kind, item["id"]) not in self.ids}
        kept = held() if new else ()
        return ["%s %d (%s)" % (*key, name) for key, name in new.items() if key not in kept]

    def need_nothing_new(self):
        tool.wait_until(lambda: not self.orphans(), "the end of %s" % ", ".join(self.orphans()[:8]))
        tool.need(pins() <= self.pins, "something is pinned")
        tool.need(events() == self.events, "a uprobe event is left")
