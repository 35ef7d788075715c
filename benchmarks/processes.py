"""Whole-process seconds of the course's examples (--quick): tf1x cold and warm, and TensorFlow."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_PROGRAMS = {"course_data.py", "demo.py"}


def examples() -> list[Path]:
    return [p for p in sorted((ROOT / "examples").glob("*.py")) if p.name not in NOT_PROGRAMS]


def seconds(command: list[str], cache: str, folder: str) -> float:
    """Wall time of a process that must succeed."""
    env = {**os.environ, "TF1X_CACHE": cache}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their bytecode
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def run() -> dict[str, dict[str, float]]:
    """Seconds of every example; `tensorflow` is missing where it lacks a package or data."""
    results = {}
    compileall.compile_dir(ROOT / "src", quiet=1)
    print(
        f"\n{'whole process, --quick':26s}{'cold':>8s}{'warm':>8s}{'TF 2.21':>9s}{'cold/TF':>9s}{'warm/TF':>9s}   (s)"
    )
    for path in examples():
        ours = [sys.executable, "-m", "tf1x", "run", str(path), "--quick"]
        theirs = [sys.executable, str(ROOT / "tools" / "oracle.py"), str(path), "--quick"]
        with tempfile.TemporaryDirectory() as folder:
            cache = os.path.join(folder, "cache")
            cold = seconds(ours, cache, folder)
            try:
                tensorflow, why = seconds(theirs, cache, folder), ""
            except RuntimeError as error:
                tensorflow, why = float("nan"), str(error).strip().splitlines()[-1]
            warm = seconds(ours, cache, folder)
        found = results[path.stem] = {"cold": cold, "warm": warm}
        if not why:
            found["tensorflow"] = tensorflow
        print(
            f"{path.stem:26s}{cold:8.2f}{warm:8.2f}{tensorflow:9.2f}{cold / tensorflow:9.2f}{warm / tensorflow:9.2f}"
            f"  {why}",
            flush=True,
        )
    return results
