"""Seconds of whole processes, the course's examples with --quick: tf1x cold and warm, and TensorFlow.

Both the wall's and the processors', which say more on a machine that does other things too.
"""

from __future__ import annotations

import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_PROGRAMS = {"course_data.py", "demo.py"}


def examples() -> list[Path]:
    return [p for p in sorted((ROOT / "examples").glob("*.py")) if p.name not in NOT_PROGRAMS]


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(command: list[str], cache: str, folder: str) -> tuple[float, float]:
    """Wall and processor time of a process that must succeed."""
    env = {**os.environ, "TF1X_CACHE": cache}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their bytecode
    start, used = time.perf_counter(), _processor_seconds()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start, _processor_seconds() - used


KINDS = ("cold", "warm", "tensorflow")


def total(results: dict[str, dict[str, float]]) -> dict[str, float]:
    """Sums over the programs that both run."""
    both = [found for found in results.values() if "tensorflow" in found]
    return {key: sum(found[key] for found in both) for key in both[0]} if both else {}


def _line(name: str, found: dict[str, float]) -> str:
    text = f"{name:26s}"
    for suffix in ("", "_cpu"):
        cold, warm, tensorflow = (found.get(kind + suffix, float("nan")) for kind in KINDS)
        text += f"{cold:8.2f}{warm:8.2f}{tensorflow:9.2f}"
        text += f"{cold / tensorflow:9.2f}{warm / tensorflow:9.2f}"
    return text


def run() -> dict[str, dict[str, float]]:
    """Seconds of every example; TensorFlow's are missing where it lacks a package or data."""
    results = {}
    compileall.compile_dir(ROOT / "src", quiet=1)
    head = f"{'cold':>8s}{'warm':>8s}{'TF 2.21':>9s}{'cold/TF':>9s}{'warm/TF':>9s}"
    print(f"\n{'--quick: wall, processor s':26s}{head}{head}")
    for path in examples():
        ours = [sys.executable, "-m", "tf1x", "run", str(path), "--quick"]
        theirs = [sys.executable, str(ROOT / "tools" / "oracle.py"), str(path), "--quick"]
        found = results[path.stem] = {}
        why = ""
        with tempfile.TemporaryDirectory() as folder:
            cache = os.path.join(folder, "cache")
            for kind, command in zip(KINDS, (ours, ours, theirs), strict=True):
                try:
                    found[kind], found[f"{kind}_cpu"] = seconds(command, cache, folder)
                except RuntimeError as error:
                    if command is ours:
                        raise
                    why = "  " + str(error).strip().splitlines()[-1]
        print(_line(path.stem, found) + why, flush=True)
    print(_line("total of those in both", total(results)), flush=True)
    return results
