# SPDX-License-Identifier: Apache-2.0
"""heaptap's stacks against those that tests/progs/paths.c kept itself; test-shadow and tests/vm/check-vm ask."""

import collections

import tool

CALLED_BY_LIBC = ("compare", "on_signal", "coroutine")

class Maps:
    """The mappings of the program's own file: addresses to file offsets."""

    def __init__(self, lines, exe):
        self.ranges = []
        for line in lines:
            words = line.split()
            if len(words) > 5 and words[5] == exe:
                start, end = (int(word, 16) for word in words[0].split("-"))
                self.ranges.append((start, end, int(words[2], 16)))

    def offset(self, address):
        for start, end, offset in self.ranges:
            if start <= address < end:
                return address - start + offset
        return None


def read_trace(text, exe):
    """{stack: count}; a stack is ((function, file offset of its call or None), ...), the site first."""
    lines = text.split("\n")
    gap = lines.index("")
    maps = Maps(lines[:gap], exe)
    out = collections.Counter()
    for line in lines[gap + 1:]:
        words = line.split()
        if not words:
            continue
        # Where the site calls the allocator it does not know, nor where those call that call through libc.
        stack = [(words[0], None)]
        for name, address in zip(words[2::2], words[3::2]):
            through = stack[-1][0] in CALLED_BY_LIBC
            stack.append((name, None if through else maps.offset(int(address, 16) - 1)))
        out[tuple(stack)] += 1
    return out


def frames_of(sample, exe, known):
    return [(frame.names[-1], frame.offset()) for frame in sample.frames
            if frame.mapping and frame.mapping["filename"] == exe and frame.names and frame.names[-1] in known]


def agrees(have, want):
    """@have may know more calls; it must not know others. main and what is above the first function is not noted."""
    return len(have) == len(want) and all(
        name == other and (offset is None or offset == seen)
        for (name, seen), (other, offset) in zip(have, want))


def words_of(stack):
    return " < ".join(name if offset is None else "%s+%#x" % (name, offset) for name, offset in stack[:30])


def compare(profile, want, exe):
    known = {name for stack in want for name, _ in stack}
    by_names = collections.defaultdict(list)
    for stack, count in want.items():
        by_names[tuple(name for name, _ in stack)].append([stack, count])
    total = wrong = cut = 0
    wrong_one = cut_one = ""
    for sample in profile.samples:
        if not sample.frames or not sample.frames[0].names[-1].startswith("site_"):
            continue
        have, count = frames_of(sample, exe, known), sample.values[0]
        total += count
        if sample.frames[-1].names[-1].startswith("["):
            cut += count
            cut_one = " < ".join(frame.names[-1] for frame in sample.frames[-4:])
        for entry in by_names.get(tuple(name for name, _ in have), ()):
            if agrees(have, entry[0]):
                taken = min(count, entry[1])
                entry[1] -= taken
                count -= taken
        if count:
            wrong += count
            wrong_one = words_of(have)
    noted = sum(want.values())
    tool.need(total == noted, "%d stacks for %d allocations" % (total, noted))
    tool.need(not wrong, "%d of %d stacks are wrong: %s" % (wrong, total, wrong_one))
    tool.need(not cut, "%d of %d stacks do not reach the root: %s" % (cut, total, cut_one))
    return total
