"""Seconds of one `Session.run`, engine against engine in alternating rounds of one run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from importlib.util import find_spec

from benchmarks import networks
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


def timed(program: str, engines: list[str], count: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds a step of each engine, in rounds that take turns."""
    workers = {name: Worker(name, program) for name in engines}
    rounds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(count):
        for name, worker in workers.items():
            rounds[name].append(worker.round())
    for worker in workers.values():
        worker.close()
    return rounds


def summary(rounds: dict[str, list[float]], unit: str, scale: float) -> dict[str, float]:
    """Median time of each engine in `unit`, of which `scale` are a second, and over tf1x's."""
    found = {f"{name}_{unit}": statistics.median(times) * scale for name, times in rounds.items()}
    for name in {"tensorflow", "torch"} & rounds.keys():
        pairs = zip(rounds[name], rounds["tf1x"], strict=True)
        found[f"{name}_over_tf1x"] = statistics.median(a / b for a, b in pairs)
    return found


def measure(program: str) -> dict[str, float]:
    """Median microseconds a step for each engine, and the median of the paired ratios."""
    engines = ["tf1x", "tensorflow"] + (["bare"] if program != "constant_fetch" else [])
    rounds = timed(program, engines)
    result = summary(rounds, "us", 1e6)
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


def run_networks() -> dict[str, dict[str, float]]:
    """Measure training and decoding steps of networks, beside PyTorch where it is installed."""
    engines = ["tf1x", "tensorflow"] + (["torch"] if find_spec("torch") else [])
    print(
        f"{'one step':22s}{'tf1x':>10s}{'TF 2.21':>10s}{'PyTorch':>10s}{'TF/tf1x':>9s}{'torch/tf1x':>12s}   (ms)"
    )
    results = {}
    for program in networks.STEPS:
        found = results[program] = summary(timed(program, engines, 5), "ms", 1e3)
        torch = found.get("torch_ms", float("nan")), found.get("torch_over_tf1x", float("nan"))
        print(
            f"{program:22s}{found['tf1x_ms']:10.1f}{found['tensorflow_ms']:10.1f}{torch[0]:10.1f}"
            f"{found['tensorflow_over_tf1x']:9.2f}{torch[1]:12.2f}",
            flush=True,
        )
    return results
