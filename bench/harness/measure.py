"""One scenario against one system: a fresh upstream, a fresh server, one load
client, and the figures that come out of it."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import Server
from .readers import measure_cancel, measure_readers, measure_slow
from .scenarios import SETTLE_MS, warm_up
from .upstream import upstream_statistics


@dataclass
class Context:
    bench: Path
    programs: Path
    parley: Path
    parley_options: list
    server_core: int
    load_core: int


def measure(context, scenario, system, folder):
    """-> figures by name, and "problems": sentences on what went wrong."""
    folder.mkdir(parents=True)
    upstream = Server([context.programs / "mock_upstream"], context.load_core,
                      folder / "upstream.log")
    server = None
    try:
        if system.start:
            server = system.start(context, context.server_core, folder,
                                  upstream.port)
        run_client(context, warm_up(scenario), system, server, upstream)
        result = MEASURES[scenario.measure](context, scenario, system, server,
                                            upstream)
    except BaseException:
        if server:
            server.stop()
        raise
    else:
        wrong = server.stop() if server else None
        if wrong:
            result["problems"].append(f"{system.name} {wrong}")
        return result
    finally:
        upstream.stop()


def client_command(context, scenario, system, server, upstream):
    command = [
        "taskset", "-c", context.load_core, context.programs / "load_client",
        f"--port={(server or upstream).port}", f"--path={system.path}",
        f"--text-key={system.text_key}", f"--body={system.body(scenario.model)}",
        f"--streams={scenario.streams}", f"--ramp-ms={scenario.ramp_ms}",
        f"--requests={scenario.requests}", f"--tokens={scenario.tokens}",
        f"--window={scenario.window}", f"--settle-ms={SETTLE_MS}",
        f"--latest-opening-s={scenario.latest_opening_s}",
        f"--deadline-s={scenario.deadline_s}", f"--upstream-pid={upstream.pid}",
        f"--server-pid={server.pid if server else 0}"]
    return list(map(str, command))


def run_client(context, scenario, system, server, upstream):
    command = client_command(context, scenario, system, server, upstream)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"bench: the load client failed on {system.name}")
    return json.loads(done.stdout)


# -- time -----------------------------------------------------------------------


def measure_time(context, scenario, system, server, upstream):
    late_before = upstream_statistics(upstream)["late_tokens"]
    raw = run_client(context, scenario, system, server, upstream)
    late = upstream_statistics(upstream)["late_tokens"] - late_before
    return figures(raw, late, scenario)


def figures(raw, late_tokens, scenario):
    window = raw["window"]
    seconds = window["seconds"] or float("nan")
    tokens = window["tokens"] or float("nan")
    result = {
        "cpu_us_per_token": window["server_cpu_us"] / tokens,
        "cpu_us_per_answer": window["server_cpu_us"] / raw["requests"],
        "server_core": window["server_cpu_us"] / 1e6 / seconds,
        "load_core": (window["upstream_cpu_us"] + window["client_cpu_us"])
                     / 1e6 / seconds,
        "tokens_per_s": window["tokens"] / seconds,
        "latency_p50_us": raw["latency_us"]["p50"],
        "latency_p99_us": raw["latency_us"]["p99"],
        "first_p50_us": raw["first_token_us"]["p50"],
        "first_p99_us": raw["first_token_us"]["p99"],
        "tokens_per_frame": raw["tokens_received"] / max(1, raw["frames"]),
        "problems": problems(raw, late_tokens, scenario),
    }
    if not scenario.first_token:
        del result["first_p50_us"], result["first_p99_us"]
    if scenario.window != "all":
        # The window leaves out the requests' own cost.
        del result["cpu_us_per_answer"]
    if window["server_cpu_us"] == 0:
        for name in ("cpu_us_per_token", "cpu_us_per_answer", "server_core"):
            result.pop(name, None)
    return result


def problems(raw, late_tokens, scenario):
    found = []
    if raw["outcomes"]["exact"] != raw["requests"]:
        parts = ", ".join(
            f"{count} {name.replace('_', ' ')}"
            for name, count in raw["outcomes"].items() if count)
        found.append(f"of {raw['requests']} answers {parts} in "
                     f"{raw['seconds']:.0f} s, {raw['tokens_received']} of "
                     f"{raw['tokens_expected']} tokens")
    if raw["example_error"]:
        found.append(f"first error: {raw['example_error']}")
    if raw["window"]["late"] or not raw["window"]["opened"]:
        found.append("cannot keep up")
    if scenario.interval_us and late_tokens > raw["tokens_received"] / 100:
        share = late_tokens / max(1, raw["tokens_received"])
        found.append(f"upstream late ({share:.0%} of tokens)")
    return found


# -- memory ---------------------------------------------------------------------


def measure_waiting(context, scenario, system, server, upstream):
    if not server:
        return {"problems": []}
    before = server.memory_bytes()
    command = client_command(context, scenario, system, server, upstream)
    hold = "heads" if system.early_head else "requests"
    client = subprocess.Popen(command + [f"--hold={hold}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        raw = json.loads(client.stdout.readline())
        waiting = wait_for_waiting(upstream, scenario.streams)
        # What is still being written or freed settles.
        time.sleep(2)
        after = server.memory_bytes()
    finally:
        client.stdin.close()
        client.wait()
    found = []
    heads = raw["heads"] if system.early_head else waiting
    if heads != scenario.streams or waiting != scenario.streams:
        found.append(f"{raw['heads']} heads, {waiting} at the upstream, of "
                     f"{scenario.streams}")
    return {"bytes_per_stream": (after - before) / scenario.streams,
            "memory_before": before, "problems": found}


def wait_for_waiting(upstream, expected):
    for _ in range(600):
        waiting = upstream_statistics(upstream)["waiting"]
        if waiting == expected:
            break
        time.sleep(0.1)
    return waiting


MEASURES = {"time": measure_time, "waiting": measure_waiting,
            "cancel": measure_cancel, "readers": measure_readers,
            "slow": measure_slow}
