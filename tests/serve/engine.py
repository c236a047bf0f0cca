# SPDX-License-Identifier: Apache-2.0
"""Engines that profiles are pushed to: as strict and as unreliable as a test wants them."""

import collections
import gzip
import http.server
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tool  # noqa: E402
from daemon import TRACE  # noqa: E402

Request = collections.namedtuple("Request", "path headers body time outcome said client")


def section(port, kind, more="", scheme="http", name="one"):
    return "[push %s]\nurl = %s://127.0.0.1:%d\nkind = %s\ninterval = 1s\n%s" % (name, scheme, port, kind, more)


def config(*args, **kwargs):
    return TRACE + section(*args, **kwargs)


def sections(engines, more=None):
    """@engines: {name: (engine, kind)}; @more: {name: lines}."""
    return TRACE + "".join(section(engine.port, kind, (more or {}).get(name, ""), name=name)
                           for name, (engine, kind) in engines.items())


def make_cert(folder):
    """(certificate, key) for 127.0.0.1, signed by itself."""
    cert, key = os.path.join(folder, "engine.pem"), os.path.join(folder, "engine.key")
    subprocess.run([tool.which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   capture_output=True)
    return cert, key


class Engine:
    """
    Answers with what @script says in turn, then with 200, and keeps every request. A status; "reset": the connection
    ends without an answer; "hang": no answer until the engine is closed. @headers go with all but 200, @answer is the
    body of 200.
    """

    def __init__(self, script=(), headers=(), delay=0, answer=b"", cert=None, host="127.0.0.1", always=None):
        self.requests, self.script, self.lock = [], list(script), threading.Lock()
        self.headers, self.delay, self.answer, self.always = headers, delay, answer, always
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.post(self)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *unused: None  # clients that do not trust us
        self.port = self.server.server_address[1]
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*cert)
            # The handshake is made by the connection's own thread, so that one that fails keeps nobody waiting.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def post(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        # Whatever names the service, once and for all: the requests are looked through again and again.
        said = urllib.parse.unquote(handler.path).encode()
        said += gzip.decompress(body) if handler.headers["Content-Encoding"] == "gzip" else body
        with self.lock:
            outcome = self.script.pop(0) if self.script else self.always or 200
            self.requests.append(Request(handler.path, dict(handler.headers), body, time.monotonic(), outcome, said,
                                         handler.client_address[0]))
        if outcome == "hang":
            self.closing.wait()
        elif self.delay:
            time.sleep(self.delay)
        if outcome in ("reset", "hang"):
            handler.close_connection = True
            try:
                handler.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            return
        handler.send_response(outcome)
        for name, value in self.headers if outcome != 200 else ():
            handler.send_header(name, value() if callable(value) else value)
        answer = self.answer if outcome == 200 else b""
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def of(self, service, outcome=None):
        """Requests of the service, in the order they came; with @outcome those that got it."""
        with self.lock:
            return [r for r in self.requests if outcome in (None, r.outcome) and service.encode() in r.said]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def counts(server, name="one"):
    """The push's counters from /metrics."""
    text = server.fetch("/metrics").decode()
    return {key: int(value) for key, value in
            re.findall(r'^heaptap_push_([a-z]+?)(?:_total)?\{push="%s"\} (\d+)$' % name, text, re.M)}
