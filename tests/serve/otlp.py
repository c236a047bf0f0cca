# SPDX-License-Identifier: Apache-2.0
"""
Reads an OTLP ExportProfilesServiceRequest (opentelemetry-proto 1.10, profiles/v1development) with a decoder of its own, as
strict as the schema's comments.
"""

import gzip
import os
import sys
from dataclasses import dataclass, field

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import pprof  # noqa: E402

MAPPING, LOCATION, FUNCTION, LINK, STRING, ATTRIBUTE, STACK = range(1, 8)


@dataclass
class Sample:
    frames: list  # of lists of names, leaf first, the innermost of a frame first
    attributes: dict
    value: int


@dataclass
class Profile:
    type: tuple
    period: tuple
    time: int
    duration: int
    samples: list = field(default_factory=list)


@dataclass
class Request:
    resource: dict
    scope: tuple
    profiles: list
    build_ids: set


def need(truth, what):
    if not truth:
        raise ValueError(what)


def single(data):
    """A message without repeated fields as {number: value}."""
    out = {}
    for number, value in pprof.fields(data):
        need(number not in out, "field %d twice" % number)
        out[number] = value
    return out


def any_value(data):
    (kind, value), = pprof.fields(data)
    return value.decode() if kind == 1 else pprof.signed(value)


def indices(message, number):
    return [i for n, v in pprof.fields(message) if n == number for i in pprof.numbers(v)]


class Dictionary:
    def __init__(self, data):
        self.tables = {number: [] for number in range(MAPPING, STACK + 1)}
        for number, value in pprof.fields(data):
            self.tables[number].append(value)
        for number, rows in self.tables.items():
            need(rows and rows[0] == b"", "row 0 of table %d is not there or not zero" % number)
        self.strings = [row.decode("utf-8") for row in self.tables[STRING]]
        need(len(set(self.strings)) == len(self.strings), "a string is there twice")
        for number in (STACK, LOCATION, FUNCTION, MAPPING):
            need(len(set(self.tables[number])) == len(self.tables[number]), "table %d has a row twice" % number)
        self.functions = [self.strings[single(row).get(1, 0)] for row in self.tables[FUNCTION]]
        for row in self.tables[FUNCTION]:
            need(all(single(row).get(n, 0) < len(self.strings) for n in (1, 2, 3)), "a function's strings")

    def row(self, table, index):
        need(index < len(self.tables[table]), "row %d of table %d" % (index, table))
        return self.tables[table][index]

    def attribute(self, index):
        row = single(self.row(ATTRIBUTE, index))
        return self.strings[row[1]], any_value(row[2])

    def attributes(self, rows):
        pairs = [self.attribute(i) for i in rows]
        need(len({key for key, _ in pairs}) == len(pairs), "an attribute twice")
        return dict(pairs)

    def frame(self, index):
        need(index, "location 0 in a stack")
        row = self.row(LOCATION, index)
        mapping = next((v for n, v in pprof.fields(row) if n == 1), 0)
        address = next((v for n, v in pprof.fields(row) if n == 2), 0)
        if mapping and address:
            where = {n: v for n, v in pprof.fields(self.row(MAPPING, mapping)) if n in (1, 2, 3, 4)}
            need(not where.get(2) or where.get(1, 0) <= address < where[2], "an address outside of its mapping")
        lines = [single(v).get(1, 0) for n, v in pprof.fields(row) if n == 3]
        need(lines and all(0 < line < len(self.functions) for line in lines), "a location's functions")
        return [self.functions[line] for line in lines]

    def build_ids(self):
        out = set()
        for row in self.tables[MAPPING]:
            out.add(self.attributes(indices(row, 5)).get("process.executable.build_id.gnu"))
        return out - {None}


def value_type(dictionary, data):
    row = single(data)
    return dictionary.strings[row.get(1, 0)], dictionary.strings[row.get(2, 0)]


def sample_of(dictionary, data):
    row = {n: v for n, v in pprof.fields(data)}
    stack = dictionary.row(STACK, row.get(1, 0))
    values = [pprof.signed(v) for v in indices(data, 4)]
    need(len(values) == 1 and values[0], "a sample has the values %s" % values)
    return Sample([dictionary.frame(i) for i in indices(stack, 1)], dictionary.attributes(indices(data, 2)), values[0])


def profile_of(dictionary, data):
    fields = list(pprof.fields(data))
    head = {n: v for n, v in fields if n != 2}
    out = Profile(value_type(dictionary, head[1]), value_type(dictionary, head[5]) + (head.get(6, 0),), head[3], head.get(4, 0))
    out.samples = [sample_of(dictionary, v) for n, v in fields if n == 2]
    keys = {(tuple(map(tuple, s.frames)), tuple(sorted(s.attributes.items(), key=str))) for s in out.samples}
    need(len(keys) <= len(out.samples), "samples")
    return out


def decode(body):
    """One resource with one scope is what heaptap sends."""
    whole = single(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    dictionary = Dictionary(whole[2])
    resource_profiles = single(whole[1])
    resource = {}
    for number, value in pprof.fields(resource_profiles[1]):
        need(number == 1, "a resource has field %d" % number)
        pair = single(value)
        resource[pair[1].decode()] = any_value(pair[2])
    scope_profiles = list(pprof.fields(resource_profiles[2]))
    scope = tuple(v.decode() for _, v in sorted(pprof.fields(next(v for n, v in scope_profiles if n == 1))))
    return Request(resource, scope, [profile_of(dictionary, v) for n, v in scope_profiles if n == 2],
                   dictionary.build_ids())
