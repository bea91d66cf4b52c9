"""Starting, watching and ending the processes of a benchmark."""

import os
import re
import signal
import subprocess
import threading

LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
START_SECONDS = 60
STOP_SECONDS = 20


class Server:
    """A process that prints where it listens, pinned to one core."""

    def __init__(self, command, core, log_path, environment=None,
                 ready_port=None):
        self._log = open(log_path, "ab")
        self.log_path = log_path
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self._log, env={**os.environ, **(environment or {})})
        self.port = ready_port or self._read_port(command[0])

    @property
    def pid(self):
        return self.process.pid

    def _read_port(self, name):
        found = []

        def read():
            for line in self.process.stdout:
                match = LISTENING.search(line.decode(errors="replace"))
                if match:
                    found.append(int(match.group(1)))
                    return

        # A thread, because reading a pipe has no time-out of its own.
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(START_SECONDS)
        if not found:
            self.stop()
            raise SystemExit(f"bench: {name} does not listen; its log is "
                             f"{self.log_path}:\n{self.log_tail()}")
        return found[0]

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def memory_bytes(self):
        return sum(map(resident_bytes, family(self.pid)))

    def stop(self):
        """Asks, then insists. -> what was wrong with the end, or None"""
        wrong = None
        if self.process.poll() is not None:
            wrong = f"ended by itself with {self.process.returncode}"
        else:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                wrong = f"did not stop in {STOP_SECONDS} s"
                self.process.kill()
                self.process.wait()
            else:
                # Dying of the signal is a way to stop, a crash is none.
                if self.process.returncode not in (0, -signal.SIGTERM):
                    wrong = f"stopped with {self.process.returncode}"
        self.process.stdout.close()
        self._log.close()
        return wrong


def family(pid):
    """The process and its children, theirs too."""
    result = [pid]
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        for child in file.read().split():
            result += family(int(child))
    return result


def resident_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise SystemExit(f"bench: no Rss for process {pid}")
