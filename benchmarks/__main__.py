"""`make bench`: all benchmarks, printed as tables and written to outputs/benchmarks.json.

What other concerns measured before stays in the file; benchmarks.report makes a page of it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from benchmarks import data2vis, memory, pipelines, processes, steps

CONCERNS = {
    "steps": steps.run,
    "networks": steps.run_networks,
    "data2vis": data2vis.run,
    "pipelines": pipelines.run,
    "processes": processes.run,
    "memory": memory.run,
}


_PACKAGES = {
    "jax": "jax", "numpy": "numpy", "tensorflow-cpu": "tensorflow", "torch": "torch"
}  # fmt: skip
_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX"}


def _processor() -> str:
    """The processor, and how wide its vectors are: it decides which kernels the engines have."""
    facts: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = facts.get("flags", "").split()
    widest = next((v for flag, v in _VECTORS.items() if flag in flags), None)
    return f"{name} ({widest})" if widest else name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("concerns", nargs="*", choices=[*CONCERNS, []], help="default: all")
    args = parser.parse_args()
    about = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores {_processor()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES if find_spec(_PACKAGES[name])},
    }
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    path = Path("outputs", "benchmarks.json")
    path.parent.mkdir(exist_ok=True)
    results = json.loads(path.read_text()) if path.exists() else {}
    results["about"] = about
    for name in args.concerns or CONCERNS:
        results[name] = CONCERNS[name]()
        path.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
