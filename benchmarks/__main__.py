"""`make bench`: all benchmarks, printed as tables and written to outputs/benchmarks.json."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("concerns", nargs="*", choices=[*CONCERNS, []], help="default: all")
    args = parser.parse_args()
    about = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "numpy", "tensorflow-cpu")},
    }
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    results = {name: CONCERNS[name]() for name in args.concerns or CONCERNS}
    folder = Path("outputs")
    folder.mkdir(exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps({"about": about, **results}, indent=1))


if __name__ == "__main__":
    main()
