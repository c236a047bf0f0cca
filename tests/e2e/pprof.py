# SPDX-License-Identifier: Apache-2.0
"""Reads a pprof profile (profile.proto) with a decoder of its own: the tests must not trust the encoder's code."""

import gzip
from dataclasses import dataclass, field

METRICS = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """Yields (number, value) of a message: int for varints and fixed64, bytes for the length-delimited."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("field %d is cut" % number)
        elif kind == 1:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        else:
            raise ValueError("field %d has wire type %d" % (number, kind))
        yield number, value


def numbers(value):
    """A repeated number, packed or not."""
    if isinstance(value, int):
        return [value]
    out, at = [], 0
    while at < len(value):
        one, at = varint(value, at)
        out.append(one)
    return out


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def message(data, names):
    """A message of single fields, as a dict by the names given; absent is 0."""
    out = {name: 0 for name in names.values()}
    for number, value in fields(data):
        if number in names:
            out[names[number]] = value
    return out


@dataclass
class Frame:
    """One location: a name per line, innermost first (a synthetic frame has one line and no mapping)."""
    names: list
    system_names: list
    address: int
    mapping: dict

    def offset(self):
        """File offset of the address, or None outside of any mapping."""
        if not self.mapping or not self.mapping["start"] <= self.address < self.mapping["limit"]:
            return None
        return self.address - self.mapping["start"] + self.mapping["file_offset"]


@dataclass
class Sample:
    frames: list
    values: list
    labels: dict


@dataclass
class Profile:
    types: list = field(default_factory=list)
    samples: list = field(default_factory=list)
    comments: list = field(default_factory=list)
    mappings: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)

    def total(self):
        out = [0] * len(self.types)
        for sample in self.samples:
            out = [a + b for a, b in zip(out, sample.values)]
        return out

    def by(self, key):
        """Sums of the values by key(sample)."""
        out = {}
        for sample in self.samples:
            row = out.setdefault(key(sample), [0] * len(self.types))
            for i, value in enumerate(sample.values):
                row[i] += value
        return out


MAPPING = {1: "id", 2: "start", 3: "limit", 4: "file_offset", 5: "filename", 6: "build_id"}
FUNCTION = {1: "id", 2: "name", 3: "system_name", 4: "filename", 5: "start_line"}
LINE = {1: "function", 2: "line"}
HEADER = {9: "time_nanos", 10: "duration_nanos", 12: "period", 14: "default_sample_type", 15: "doc_url"}


def decode(data):
    raw = list(fields(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))
    strings = [value.decode("utf-8") for number, value in raw if number == 6]
    if not strings or strings[0] != "":
        raise ValueError("string 0 is not empty")
    out = Profile(header={name: 0 for name in HEADER.values()})
    functions, locations = {}, {0: None}

    for number, value in raw:
        if number == 3:
            mapping = message(value, MAPPING)
            for name in ("filename", "build_id"):
                mapping[name] = strings[mapping[name]]
            out.mappings[mapping["id"]] = mapping
        elif number == 5:
            function = message(value, FUNCTION)
            for name in ("name", "system_name", "filename"):
                function[name] = strings[function[name]]
            functions[function["id"]] = function
        elif number in HEADER:
            out.header[HEADER[number]] = value

    for number, value in raw:
        if number == 4:
            head = message(value, {1: "id", 2: "mapping", 3: "address"})
            lines = [functions[message(v, LINE)["function"]] for n, v in fields(value) if n == 4]
            locations[head["id"]] = Frame([f["name"] for f in lines], [f["system_name"] for f in lines],
                                          head["address"], out.mappings.get(head["mapping"]))

    for number, value in raw:
        if number == 1:
            kind = message(value, {1: "type", 2: "unit"})
            out.types.append((strings[kind["type"]], strings[kind["unit"]]))
        elif number == 13:
            out.comments += [strings[i] for i in numbers(value)]
        elif number == 2:
            sample = Sample([], [], {})
            for n, v in fields(value):
                if n == 1:
                    sample.frames += [locations[i] for i in numbers(v)]
                elif n == 2:
                    sample.values += [signed(i) for i in numbers(v)]
                elif n == 3:
                    label = message(v, {1: "key", 2: "str", 3: "num", 4: "unit"})
                    sample.labels[strings[label["key"]]] = (strings[label["str"]] if label["str"]
                                                            else signed(label["num"]))
            out.samples.append(sample)
    return out


def load(path):
    with open(path, "rb") as f:
        return decode(f.read())
