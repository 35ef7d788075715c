"""Seconds of one `Session.run`, engine against engine in alternating rounds of one run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks import networks
from benchmarks.programs import STEPS

ROUNDS = 7


@dataclass
class Timings:
    """What an engine's process told: seconds a step in each round, and its peak memory in MiB."""

    seconds: list[float]
    peak_mib: float


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

    def close(self) -> float:
        """Ends the process; its peak memory in MiB."""
        return float(json.loads(self._process.communicate()[0]))


def engines(*names: str) -> list[str]:
    """Those of tf1x, bare, jax, tensorflow and torch that are installed."""
    return [name for name in names if name in ("tf1x", "bare") or find_spec(name)]


def timed(program: str, engines: list[str], count: int = ROUNDS) -> dict[str, Timings]:
    """Seconds a step of each engine, in rounds that take turns."""
    workers = {name: Worker(name, program) for name in engines}
    rounds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(count):
        for name, worker in workers.items():
            rounds[name].append(worker.round())
    return {name: Timings(rounds[name], worker.close()) for name, worker in workers.items()}


def over(timings: dict[str, Timings], name: str) -> float:
    """The time of `name` over tf1x's: the median of neighbouring rounds."""
    pairs = zip(timings[name].seconds, timings["tf1x"].seconds, strict=True)
    return statistics.median(a / b for a, b in pairs)


def summary(timings: dict[str, Timings], unit: str, scale: float) -> dict[str, float]:
    """Each engine's median time in `unit`, of which `scale` are a second, its time over tf1x's, and
    its memory."""
    found = {}
    for name, timing in timings.items():
        found[f"{name}_{unit}"] = statistics.median(timing.seconds) * scale
        found[f"{name}_peak_mib"] = timing.peak_mib
        if name in ("tensorflow", "torch"):
            found[f"{name}_over_tf1x"] = over(timings, name)
    return found


HEAD = (
    f"{'tf1x':>10s}{'TF 2.21':>10s}{'PyTorch':>10s}{'TF/tf1x':>9s}{'torch/tf1x':>12s}"
    f"{'MiB':>8s}{'TF, MiB':>9s}"
)


def line(program: str, found: dict[str, float], unit: str) -> str:
    """One line of the table below `HEAD`."""
    widths = {
        f"tf1x_{unit}": "10.1f",
        f"tensorflow_{unit}": "10.1f",
        f"torch_{unit}": "10.1f",
        "tensorflow_over_tf1x": "9.2f",
        "torch_over_tf1x": "12.2f",
        "tf1x_peak_mib": "8.0f",
        "tensorflow_peak_mib": "9.0f",
    }
    return f"{program:22s}" + "".join(
        format(found.get(key, float("nan")), width) for key, width in widths.items()
    )


def measure(program: str) -> dict[str, float]:
    """Median microseconds a step for each engine, and the median of the paired ratios."""
    if program == "constant_fetch":
        return summary(timed(program, engines("tf1x", "tensorflow")), "us", 1e6)
    timings = timed(program, engines("tf1x", "tensorflow", "bare", "torch"))
    pairs = zip(timings["tf1x"].seconds, timings["bare"].seconds, strict=True)
    return {
        **summary(timings, "us", 1e6),
        "overhead_us": statistics.median(a - b for a, b in pairs) * 1e6,
    }


def run() -> dict[str, dict[str, float]]:
    """Measure every program and print a line each."""
    results = {}
    print(f"{'one Session.run, µs':22s}{HEAD}{'bare jit':>10s}{'ours':>8s}")
    for program in STEPS:
        found = results[program] = measure(program)
        bare = found.get("bare_us", float("nan")), found.get("overhead_us", float("nan"))
        print(f"{line(program, found, 'us')}{bare[0]:10.1f}{bare[1]:8.1f}", flush=True)
    return results


def run_networks() -> dict[str, dict[str, float]]:
    """Measure training and decoding steps of networks, beside PyTorch where it is installed."""
    print(f"{'one step, ms':22s}{HEAD}")
    results = {}
    for program in networks.STEPS:
        timings = timed(program, engines("tf1x", "tensorflow", "torch"), 5)
        found = results[program] = summary(timings, "ms", 1e3)
        print(line(program, found, "ms"), flush=True)
    return results
