# SPDX-License-Identifier: Apache-2.0
"""A `heaptap serve` to talk to, on a port of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import pprof  # noqa: E402
import tool  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


COMMAND = "work-%d" % os.getpid()
# Of a machine on which others may run as well, the work of this test alone.
TRACE = "[trace]\nsample = exact\nmax-overhead = 0\nname = %s\n" % COMMAND


class Work:
    """A service that allocates all the time: 100 blocks of 100 KB a round, all of them kept for a round."""

    CODE = "import time\nkeep=[]\nwhile True:\n keep=[bytes(100000) for _ in range(100)]\n time.sleep(0.02)\n"

    def __init__(self, service, command=COMMAND, cgroup=None):
        self.service, self.command, self.cgroup = service, command, cgroup

    def _join(self):
        if self.cgroup:
            with open(os.path.join(self.cgroup, "cgroup.procs"), "w") as f:
                f.write("0\n")

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="heaptap-work-")
        # A process is called what it was started by.
        program = os.path.join(self.folder.name, self.command)
        os.symlink(sys.executable, program)
        self.popen = subprocess.Popen([program, "-I", "-S", "-c", self.CODE], preexec_fn=self._join,
                                      env=dict(os.environ, OTEL_SERVICE_NAME=self.service))
        self.pid = self.popen.pid
        return self

    def __exit__(self, *unused):
        self.popen.kill()
        self.popen.wait()
        self.folder.cleanup()

    def freeze(self, server):
        """Nothing is allocated from now on. Returns what the daemon has counted in all: it is the same from now on."""
        os.kill(self.popen.pid, signal.SIGSTOP)
        tool.wait_until(lambda: is_stopped(self.popen.pid), "the stop of the work")
        path = "/service/%s/debug/pprof/allocs" % quote(self.service)
        before, now = None, pprof.decode(server.fetch(path)).total()
        while now != before:
            time.sleep(1)  # pulls within half a second are one and the same
            before, now = now, pprof.decode(server.fetch(path)).total()
        return now


def is_stopped(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=tool.PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(tool.PATIENCE)
        self.sock.connect(self.path)


class Daemon(tool.Process):
    """Use it with `with`; it is ready then. @config: lines of the configuration; @prefix, @heaptap: what to run."""

    def __init__(self, folder, config="", args=(), listen=True, env=None, prefix=(),
                 heaptap=tool.HEAPTAP):
        self.port = free_port()
        self.config = os.path.join(folder, "heaptap.conf")
        self.write_config(config)
        argv = [*prefix, heaptap, "serve", "--config", self.config, *args]
        if listen:
            argv += ["--listen", "127.0.0.1:%d" % self.port]
        super().__init__(argv, env=env)

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
        tool.need(status == 200, "%s: %d %s: %s" % (path, status, body[:200], self.text("err")[-300:]))
        return body

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def stop(self):
        self.popen.terminate()
        status = self.wait()
        tool.need(status == 0, "the daemon ends with %d: %s" % (status, self.text("err")[-400:]))


def quote(name):
    return urllib.parse.quote(name, safe="")
