# SPDX-License-Identifier: Apache-2.0
"""What the dashboard and the alerts ask Prometheus for."""

import json
import os
import re

import tool

PACKAGING = os.path.join(tool.ROOT, "packaging")


def expressions():
    """[(where, PromQL)] of the dashboard and of the alerts."""
    with open(os.path.join(PACKAGING, "grafana", "heaptap.json")) as f:
        board = json.load(f)
    out = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", ())]
    tool.need(len(out) > 20, "a dashboard of %d expressions" % len(out))
    with open(os.path.join(PACKAGING, "examples", "heaptap.rules.yml")) as f:
        out += [("alert", expr) for expr in re.findall(r"^ +expr: (.*)$", f.read(), re.M)]
    return [(where, expr.replace("$__rate_interval", "1m").replace("$instance", ".*")) for where, expr in out]


def names(expr):
    """The metrics of ours that PromQL names."""
    return set(re.findall(r"\b(?:heaptap|process)_[a-z_]+\b", expr))
