# SPDX-License-Identifier: Apache-2.0
"""A `heaptap serve` to talk to, on a port of its own."""

import http.client
import os
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tool  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=tool.PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(tool.PATIENCE)
        self.sock.connect(self.path)


class Daemon(tool.Process):
    """Use it with `with`; it is ready then. @config: lines of the configuration."""

    def __init__(self, folder, config="", args=(), listen=True):
        self.port = free_port()
        self.config = os.path.join(folder, "heaptap.conf")
        self.write_config(config)
        argv = [tool.HEAPTAP, "serve", "--config", self.config, *args]
        if listen:
            argv += ["--listen", "127.0.0.1:%d" % self.port]
        super().__init__(argv)

    def write_config(self, text):
        with open(self.config, "w") as f:
            f.write(text)

    def __enter__(self):
        self.expect("err", "heaptap: serving at")
        return self

    def get(self, path, headers=None, method="GET", body=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=tool.PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def fetch(self, path):
        status, _, body = self.get(path)
        tool.need(status == 200, "%s: %d %s" % (path, status, body[:200]))
        return body

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def stop(self):
        self.popen.terminate()
        status = self.wait()
        tool.need(status == 0, "the daemon ends with %d: %s" % (status, self.text("err")[-400:]))


def quote(name):
    return urllib.parse.quote(name, safe="")
