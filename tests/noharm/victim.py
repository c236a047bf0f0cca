# SPDX-License-Identifier: Apache-2.0
"""victim.c as a target of tests: a process that checks its own work."""

import mmap
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import left
import tool

KINDS = ("running", "forking", "execing", "loading", "exiting", "stopped", "ptraced")
PULSE = struct.Struct("5Q4I")  # struct pulse
STOP_AT = 40


class Victim:
    """with Victim("running") as victim: …; at the end it must be well, and its code its own."""

    def __init__(self, kind):
        program = os.path.join(tool.BUILD, "noharm", "victim")
        if not os.path.exists(program):
            raise tool.Skipped("%s is not built" % program)
        self.file = tempfile.TemporaryFile()
        self.file.truncate(mmap.PAGESIZE)
        self.page = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)
        self.popen = subprocess.Popen([program, str(KINDS.index(kind)), str(self.file.fileno()), "1"],
                                      pass_fds=[self.file.fileno()])
        self.pid = self.popen.pid
        self.need_work()

    def beats(self):
        return PULSE.unpack_from(self.page)[0]

    def need_work(self):
        """It is alive and goes on with its work."""
        before = self.beats()

        def works():
            tool.need(self.popen.poll() is None, "the victim has ended with %s, harm found in line %d" %
                      (self.popen.returncode, PULSE.unpack_from(self.page)[8]))
            return self.beats() > before
        tool.wait_until(works, "work of the victim")

    def need_unharmed(self):
        self.need_work()
        left.need_own_code(self.pid)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.need_unharmed()
            struct.pack_into("I", self.page, STOP_AT, 1)
            status = self.popen.wait(tool.PATIENCE)
            tool.need(status == 0, "the victim ends with %d" % status)
        self.popen.kill()
        self.popen.wait()
        self.page.close()
        self.file.close()
