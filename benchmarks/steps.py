"""Seconds of one `Session.run`, engine against engine in alternating rounds of one run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.programs import STEPS

ROUNDS = 7


class Worker:
    """A process that has built a program and waits to time a round."""

    def __init__(self, engine: str, program: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", engine, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == "ready":
                return
        raise RuntimeError(f"{engine} could not run {program}")

    def round(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def measure(program: str) -> dict[str, float]:
    """Median microseconds a step for each engine, and the median of the paired ratios."""
    engines = ["tf1x", "tensorflow"] + (["bare"] if program != "constant_fetch" else [])
    workers = {name: Worker(name, program) for name in engines}
    rounds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(ROUNDS):
        for name, worker in workers.items():
            rounds[name].append(worker.round())
    for worker in workers.values():
        worker.close()
    result = {f"{name}_us": statistics.median(times) * 1e6 for name, times in rounds.items()}
    pairs = zip(rounds["tensorflow"], rounds["tf1x"], strict=True)
    result["tensorflow_over_tf1x"] = statistics.median(a / b for a, b in pairs)
    if "bare" in rounds:
        pairs = zip(rounds["tf1x"], rounds["bare"], strict=True)
        result["overhead_us"] = statistics.median(a - b for a, b in pairs) * 1e6
    return result


def run() -> dict[str, dict[str, float]]:
    """Measure every program and print a line each."""
    results = {}
    print(
        f"{'one Session.run':22s}{'tf1x':>10s}{'TF 2.21':>10s}{'ratio':>8s}{'bare jit':>10s}{'ours':>8s}   (µs)"
    )
    for program in STEPS:
        found = results[program] = measure(program)
        bare, ours = found.get("bare_us"), found.get("overhead_us")
        print(
            f"{program:22s}{found['tf1x_us']:10.1f}{found['tensorflow_us']:10.1f}"
            f"{found['tensorflow_over_tf1x']:8.2f}"
            + (f"{bare:10.1f}{ours:8.1f}" if bare is not None and ours is not None else ""),
            flush=True,
        )
    return results
