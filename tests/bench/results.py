# SPDX-License-Identifier: Apache-2.0
"""Figures by row and column, and how they are shown: medians and ratios, as text and as a bar chart."""

import html
import math
import platform
import statistics


def machine():
    cpu = "unknown CPU"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    with open("/proc/cpuinfo") as f:
        cnt = sum(line.startswith("processor") for line in f)
    return "Linux %s, %d x %s" % (platform.release(), cnt, cpu)


class Results:
    def __init__(self, title, unit, baseline):
        self.title, self.unit, self.baseline = title, unit, baseline
        self.values = {}  # (row, column) -> list
        self.rows, self.columns = [], []

    def add(self, row, column, value):
        for name, names in ((row, self.rows), (column, self.columns)):
            if name not in names:
                names.append(name)
        self.values.setdefault((row, column), []).append(value)

    def median(self, row, column):
        values = self.values.get((row, column))
        return statistics.median(values) if values else None

    def ratio(self, row, column, to_row):
        """Median of the ratios within each round, not ratio of medians: a noisy round is noisy for both."""
        pairs = zip(self.values.get((row, column), []), self.values.get((to_row, column), []))
        ratios = [a / b for a, b in pairs if b]
        return statistics.median(ratios) if ratios else None

    def text(self):
        width = max(len(r) for r in self.rows)
        lines = [self.title, machine(), "medians of %d rounds, %s; x: times %s" % (
            max(len(v) for v in self.values.values()), self.unit, self.baseline), ""]
        lines.append(" " * width + "".join("%20s" % c for c in self.columns))
        for row in self.rows:
            cells = []
            for column in self.columns:
                value, ratio = self.median(row, column), self.ratio(row, column, self.baseline)
                cells.append("%20s" % ("·" if value is None else "%.4g (%.2fx)" % (value, ratio or 0)))
            lines.append(row.ljust(width) + "".join(cells))
        return "\n".join(lines) + "\n"

    def svg(self):
        """Bars of the ratios to the baseline on a logarithmic scale, one group a column."""
        left, bar, scale = 190, 13, 90
        y, out = 46, []
        for column in self.columns:
            out.append('<text x="10" y="%d" font-weight="bold">%s</text>' % (y, html.escape(column)))
            y += 6
            for row in self.rows:
                ratio = self.ratio(row, column, self.baseline)
                if ratio is None:
                    continue
                width = max(1, 1 + scale * math.log10(max(1, ratio)))
                colour = "#888" if "floor" in row or row == "untraced" else "#0072b2" if "heaptap" in row else "#d55e00"
                out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (left - 6, y + 10, html.escape(row)))
                out.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>' % (left, y, width, bar - 3, colour))
                out.append('<text x="%.1f" y="%d">%.2fx</text>' % (left + width + 4, y + 10, ratio))
                y += bar
            y += 22
        head = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="%d" font-family="sans-serif" font-size="11">' % y
        title = '<rect width="100%%" height="100%%" fill="#fff"/><text x="10" y="16" font-size="13">%s</text>' % html.escape(
            self.title) + '<text x="10" y="31" fill="#555">%s; times %s, logarithmic</text>' % (
                html.escape(machine()), html.escape(self.baseline))
        return head + title + "".join(out) + "</svg>\n"


def write(results, path):
    """@path.txt and @path.svg; the text goes to standard output too."""
    with open(path + ".txt", "w") as f:
        f.write(results.text())
    with open(path + ".svg", "w") as f:
        f.write(results.svg())
    print(results.text())
