"""The table, and what stands above it."""

import os
import shlex
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone


def first_line(path, prefix=""):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith(prefix):
                    return line.removeprefix(prefix).strip(" \t:\n")
    except OSError:
        pass
    return "unknown"


def git(root, *arguments):
    done = subprocess.run(["git", "-C", str(root), *arguments], check=False,
                          capture_output=True, text=True)
    return done.stdout.strip()


def sync_us(folder):
    """What a small synced write costs on the disk that the data is on; what a
    server promises to have on disk waits for at least this."""
    taken = []
    path = folder / "sync"
    with open(path, "ab", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(600))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - begun) * 1e6)
    path.unlink()
    return statistics.median(taken)


def header(root, folder):
    commit = git(root, "rev-parse", "--short=12", "HEAD") or "unknown"
    if git(root, "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    memory_kb = int(first_line("/proc/meminfo", "MemTotal:").split()[0])
    congestion = first_line("/proc/sys/net/ipv4/tcp_congestion_control")
    program = os.path.relpath(sys.argv[0], root)
    return "\n".join([
        f"machine  {first_line('/proc/cpuinfo', 'model name')}, "
        f"{os.cpu_count()} cores, {memory_kb / 2**20:.0f} GiB, "
        f"Linux {os.uname().release}, {congestion}",
        f"disk     fdatasync of 600 bytes: {sync_us(folder):,.0f} µs",
        f"load     {os.getloadavg()[0]:.2f} before the start",
        f"commit   {commit}",
        f"date     {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"command  {shlex.join([program, *sys.argv[1:]])}",
    ])


def medians(runs):
    """Of the figures of several runs; problems are gathered."""
    result = {"problems": []}
    for run in runs:
        for problem in run["problems"]:
            if problem not in result["problems"]:
                result["problems"].append(problem)
    for name in {name for run in runs for name in run} - {"problems"}:
        result[name] = statistics.median(
            run[name] for run in runs if name in run)
    return result


COLUMNS = ["scenario", "system", "CPU µs/token", "×floor", "core", "tokens/s",
           "p50 µs", "p99 µs", "first +p50", "first +p99", "KB/stream",
           "×floor", "CPU µs/answer", "joined", "note"]


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def ratio(figures, floor, name):
    if floor is None or not floor.get(name) or figures.get(name) is None:
        return "-"
    return f"{figures[name] / floor[name]:.2f}"


def added(figures, direct, name):
    """Beyond the median of talking to the upstream directly."""
    if figures.get(name) is None:
        return "-"
    base = direct.get("first_p50_us", 0) if direct else 0
    return number(figures[name] - base)


def notes(figures):
    found = list(figures["problems"])
    if figures.get("server_core", 0) > 0.95:
        found.append("server's core full")
    if figures.get("load_core", 0) > 0.95:
        found.append("load's core full")
    return "; ".join(found) or "ok"


def row(scenario, system, figures, floor, direct):
    kb = figures.get("bytes_per_stream")
    return [
        scenario, system,
        number(figures.get("cpu_us_per_token"), 2),
        ratio(figures, floor, "cpu_us_per_token"),
        number(figures.get("server_core"), 2),
        number(figures.get("tokens_per_s")),
        number(figures.get("latency_p50_us")),
        number(figures.get("latency_p99_us")),
        added(figures, direct, "first_p50_us"),
        added(figures, direct, "first_p99_us"),
        number(kb / 1024 if kb is not None else None, 1),
        ratio(figures, floor, "bytes_per_stream"),
        number(figures.get("cpu_us_per_answer")),
        number(figures.get("tokens_per_frame"), 1),
        notes(figures),
    ]


def table(results):
    """`results`: {scenario: {system: [figures of each run]}}"""
    lines = [COLUMNS]
    for scenario, by_system in results.items():
        middle = {name: medians(runs) for name, runs in by_system.items()}
        for system, figures in middle.items():
            if figures.keys() == {"problems"} and not figures["problems"]:
                continue
            lines.append(row(scenario, system, figures, middle.get("floor"),
                             middle.get("direct")))
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    text = []
    for line in lines:
        cells = [cell.ljust(width) if i < 2 or i == len(COLUMNS) - 1
                 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)
