# SPDX-License-Identifier: Apache-2.0
"""Reads what the independent counter (tests/preload/count.c) left behind."""

import bisect
import glob
import struct
import subprocess

HEAD = struct.Struct("<6Q4Q16Q256s")
SITE = struct.Struct("<5Q")
MAGIC = 0x31746E756F637468
FNS = ("malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc", "posix_memalign", "valloc",
       "pvalloc", "operator new")


class Counts:
    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        head = HEAD.unpack_from(data)
        self.magic, self.exe_bias, self.pid, self.overflow, self.free_calls, self.unknown_frees = head[:6]
        if self.magic != MAGIC or self.overflow:
            raise ValueError("%s: magic %x, overflow %d" % (path, self.magic, self.overflow))
        self.total = list(head[6:10])
        self.fn_calls = dict(zip(FNS, head[10:]))
        self.exe = head[26].rstrip(b"\0").decode()
        self.sites = {}
        for row in SITE.iter_unpack(data[HEAD.size:]):
            if row[0]:
                self.sites[row[0]] = list(row[1:])

    def by_function(self, exe):
        """The sites inside @exe (a position independent one, or not), summed by its functions."""
        symbols = []
        for line in subprocess.run(["nm", "--defined-only", exe], capture_output=True, text=True,
                                   check=True).stdout.splitlines():
            address, kind, name = line.split()
            if kind in "tTwW":
                symbols.append((int(address, 16), name))
        symbols.sort()
        out = {}
        for address, values in self.sites.items():
            i = bisect.bisect_right(symbols, (address - self.exe_bias - 1, "\x7f")) - 1
            if i < 0 or address - self.exe_bias > symbols[-1][0] + 65536:
                continue
            row = out.setdefault(symbols[i][1], [0] * 4)
            for k in range(4):
                row[k] += values[k]
        return out


def load_all(prefix):
    """Every process image that ran under COUNT_OUT=prefix."""
    return [Counts(path) for path in sorted(glob.glob(glob.escape(prefix) + ".*"))]


def totals(images):
    out = [0] * 4
    for image in images:
        out = [a + b for a, b in zip(out, image.total)]
    return out
