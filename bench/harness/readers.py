"""The life of one stream: cancelling it, and reading it many times or slowly.
Only for Parley: the others have no such thing. The clients are simple enough
to be this process, which moves to the load's core meanwhile."""

import http.client
import json
import os
import re
import selectors
import socket
import statistics
import time

from .upstream import upstream_statistics

CHUNK = re.compile(rb'"chunk":"([^"]*)"')


class Client:
    """The calls that start, ask and end streams, over one connection."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port,
                                                      timeout=30)

    def call(self, method, path, body=None):
        self._connection.request(
            method, path, body and json.dumps(body),
            {"Content-Type": "application/json"} if body else {})
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise SystemExit(f"bench: {method} {path}: {response.status} "
                             f"{text.decode(errors='replace')}")
        return json.loads(text)

    def start(self, model):
        return self.call("POST", "/api/v1/chat/streams",
                         {"message": "Go on.", "model": model})["id"]

    def close(self):
        self._connection.close()


class Reader:
    """Takes a body as it comes; looks at it only when all is over."""

    def __init__(self, port, request, receive_buffer=0):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.sendall(request)
        self.pieces = []
        self.at_end = False

    def take(self):
        piece = self.socket.recv(65536)
        self.pieces.append(piece)
        self.at_end = not piece or piece.endswith(b"0\r\n\r\n")

    def text(self):
        return b"".join(CHUNK.findall(b"".join(self.pieces)))

    def close(self):
        self.socket.close()


def events_request(stream):
    return (f"GET /api/v1/chat/streams/{stream}/events HTTP/1.1\r\n"
            "Host: bench\r\n\r\n").encode()


class Crowd:
    """Readers that are served until a moment comes."""

    def __init__(self):
        self.readers = []
        self._selector = selectors.DefaultSelector()

    def add(self, reader):
        self.readers.append(reader)
        self._selector.register(reader.socket, selectors.EVENT_READ, reader)

    def serve(self, until, or_all_ended=False):
        while (left := until - time.monotonic()) > 0:
            if or_all_ended and not self._selector.get_map():
                return
            for key, _ in self._selector.select(min(left, 0.05)):
                key.data.take()
                if key.data.at_end:
                    self._selector.unregister(key.fileobj)

    def close(self):
        self._selector.close()
        for reader in self.readers:
            reader.close()


def cpu_us(pid):
    """Of all threads of a process: its CPU clock (clock_getcpuclockid)."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


def on_load_core(take):
    def wrapped(context, scenario, system, server, upstream):
        if system.name != "parley":
            return {"problems": []}
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {context.load_core})
        try:
            return take(scenario, server, upstream)
        finally:
            os.sched_setaffinity(0, before)
    return wrapped


# -- cancelling -----------------------------------------------------------------


@on_load_core
def measure_cancel(scenario, server, upstream):
    """From the decision, which is when the client begins to send it, to the
    upstream's reading the end of its connection."""
    taken = []
    client = Client(server.port)
    for _ in range(scenario.requests):
        stream = client.start(scenario.model)
        while client.call("GET", f"/api/v1/chat/streams/{stream}"
                          )["last_seq"] < 10:
            time.sleep(0.01)
        before = upstream_statistics(upstream)["abandoned"]
        begun_us = time.monotonic_ns() / 1e3
        client.call("POST", f"/api/v1/chat/streams/{stream}/cancel")
        for _ in range(200):
            now = upstream_statistics(upstream)
            if now["abandoned"] > before:
                taken.append(now["abandoned_us"] - begun_us)
                break
            time.sleep(0.01)
    client.close()
    taken.sort()
    found = []
    if len(taken) != scenario.requests:
        found.append(f"{scenario.requests - len(taken)} connections stayed open")
    if taken and taken[-1] > 100_000:
        found.append("one took more than 100 ms")
    return {"latency_p50_us": statistics.median(taken),
            "latency_p99_us": taken[int(len(taken) * 0.99)],
            "problems": found}


# -- many readers of one stream ---------------------------------------------------


@on_load_core
def measure_readers(scenario, server, upstream):
    """One stream with one reader, then with all of them: what the others cost,
    for each and for each token."""
    del upstream
    client = Client(server.port)
    stream = client.start(scenario.model)
    crowd = Crowd()
    rates = []
    memory = []
    for size in (1, scenario.streams):
        while len(crowd.readers) < size:
            crowd.add(Reader(server.port, events_request(stream)))
            crowd.serve(time.monotonic() + 0.0005)
        crowd.serve(time.monotonic() + 1)
        memory.append(server.memory_bytes())
        begun = (time.monotonic(), cpu_us(server.pid))
        crowd.serve(begun[0] + scenario.window_s)
        ended = (time.monotonic(), cpu_us(server.pid))
        rates.append((ended[1] - begun[1]) / (ended[0] - begun[0]))
    crowd.serve(time.monotonic() + 60, or_all_ended=True)
    texts = {reader.text() for reader in crowd.readers}
    ended = all(reader.at_end for reader in crowd.readers)
    crowd.close()
    client.close()
    others = scenario.streams - 1
    tokens_per_s = 1e6 / scenario.interval_us
    found = []
    if len(texts) != 1 or not ended:
        found.append("readers did not all get the same whole answer")
    return {"cpu_us_per_token": (rates[1] - rates[0]) / others / tokens_per_s,
            "server_core": rates[1] / 1e6,
            "tokens_per_s": tokens_per_s * scenario.streams,
            "bytes_per_stream": (memory[1] - memory[0]) / others,
            "problems": found}


# -- slow readers -----------------------------------------------------------------


@on_load_core
def measure_slow(scenario, server, upstream):
    """Each stream has one reader, which takes nothing. What the server holds
    when all answers are complete, beside the answers themselves."""
    before = server.memory_bytes()
    body = json.dumps({"message": "Go on.", "model": scenario.model})
    request = ("POST /api/v1/chat/message/stream HTTP/1.1\r\nHost: bench\r\n"
               "Content-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    answered = upstream_statistics(upstream)["answered"]
    readers = []
    for _ in range(scenario.streams):
        readers.append(Reader(server.port, request, receive_buffer=4096))
        time.sleep(scenario.ramp_ms / 1e3 / scenario.streams)
    done = 0
    for _ in range(scenario.deadline_s * 2):
        done = upstream_statistics(upstream)["answered"] - answered
        if done == scenario.streams:
            break
        time.sleep(0.5)
    time.sleep(2)
    after = server.memory_bytes()
    for reader in readers:
        reader.close()
    found = []
    if done != scenario.streams:
        found.append(f"{done} of {scenario.streams} answers were taken")
    return {"bytes_per_stream": (after - before) / scenario.streams,
            "problems": found}
