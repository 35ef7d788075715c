"""Run the programs of public TensorFlow 1 repositories under tf1x, and tell what became of each.

    python tools/public_programs.py [--checkouts DIR] [--only PATTERN] [--oracle] [--json FILE]

The repositories stand in tools/public_programs.toml (or --list FILE): address, commit, which files
are programs. A checkout DIR/NAME is used as it is; what is not there is cloned into it. Every
program runs in a process and a copy of its repository of its own, and is stopped after --runs
session runs or --seconds seconds: then it counts as running, as it does when it comes to its end.
With --oracle, TensorFlow 2.21's `compat.v1` (with tf-keras and `tensorflow.examples`) runs each
program twice; where its numbers are the same both times, the first 30 that were fetched are
compared with tf1x's (1e-3). Both use TensorFlow 2.21's rule for seeds (`TF1X_SEEDS=tf2`).

Data is looked for in $TF1X_DATA. Exit status: 1 if a program fails whose data and packages are at
hand.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

HERE = Path(__file__).resolve().parent
COMPARED, TOLERANCE = 30, 1e-3


@dataclass
class Result:
    """What became of one program.

    Attributes:
        name: its path in the repository, or `-m module`.
        lacks: what is not at hand for it; empty if nothing.
        tf1x, tensorflow: what tools/public_run.py wrote; None where it was not run.
        agreement: "equal", "differs: ...", or why the numbers could not be compared.
    """

    repository: str
    name: str
    lacks: str = ""
    tf1x: dict[str, Any] | None = None
    tensorflow: dict[str, Any] | None = None
    agreement: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def runs(found: dict[str, Any] | None) -> bool:
    """Whether it came to its end, or as far as it was wanted."""
    return found is not None and found["outcome"] in ("end", "runs", "seconds")


def checkout(repository: dict[str, Any], folder: Path) -> Path:
    """Where the repository's files are; cloned if they are not there.

    Raises:
        subprocess.CalledProcessError: git failed.
    """
    address = repository["address"]
    path = folder / address.rsplit("/", 1)[1]
    if not path.exists():
        new = path.with_suffix(".new")
        subprocess.run(["git", "clone", "--quiet", address, str(new)], check=True)
        subprocess.run(["git", "checkout", "--quiet", repository["commit"]], cwd=new, check=True)
        new.rename(path)
    return path


def programs_of(repository: dict[str, Any], path: Path) -> list[str]:
    """The programs by name, in order."""
    found: list[str] = []
    for pattern in repository["programs"]:
        prefix, _, files = pattern.rpartition(" ")
        names = sorted(str(p.relative_to(path)) for p in path.glob(files))
        if prefix:
            names = [n.removesuffix(".py").replace("/", ".") for n in names]
        twins = repository.get("twins", [])
        found += [
            f"{prefix} {n}".strip() for n in names if not any(fnmatch.fnmatch(n, t) for t in twins)
        ]
    return found


def run_one(engine: str, path: Path, program: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run a program in a copy of its repository; what tools/public_run.py wrote."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns(".git"))
        out = Path(folder) / "out.json"
        where, name = copy, program
        if not program.startswith("-m "):
            where, name = (copy / program).parent, Path(program).name
        command = [sys.executable, str(HERE / "public_run.py"), "--runs", str(options.runs)]
        command += ["--seconds", str(options.seconds), engine, str(out)]
        command += name.split() if name.startswith("-m ") else [name]
        env = {**os.environ, "TF1X_SEEDS": "tf2", "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0"}
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen(
                command, cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(2 * options.seconds + 120)
            except subprocess.TimeoutExpired:
                pass
            finally:
                kill(process)
            log.seek(0)
            tail = log.read()[-3000:]
        if not out.exists():
            return {"outcome": "error", "error": f"exit status {process.returncode}",
                    "message": tail, "where": "", "line": "", "runs": 0, "seconds": 0.0,
                    "numbers": []}  # fmt: skip
        found: dict[str, Any] = json.loads(out.read_text())
        if found["outcome"] == "error":
            found["output"] = tail
        return found


def kill(process: subprocess.Popen[Any]) -> None:
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def agreement(tf1x: dict[str, Any], one: dict[str, Any], two: dict[str, Any]) -> str:
    """Whether the first numbers of tf1x are TensorFlow's; `one` and `two` are its two runs."""
    if not (runs(tf1x) and runs(one)):
        return ""
    values = [[v for _, v in r["numbers"][:COMPARED]] for r in (tf1x, one, two)]
    count = min(map(len, values))
    if not count:
        return "no numbers fetched"
    ours, theirs, again = (v[:count] for v in values)
    if not all(_close(a, b, 1e-5) for a, b in zip(theirs, again)):
        return "TensorFlow's own runs differ"
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if not _close(a, b, TOLERANCE):
            return f"differs: number {i + 1}, {one['numbers'][i][0]}: {a:.6g}, TensorFlow {b:.6g}"
    return f"equal ({count} numbers)"


def _close(a: float, b: float, tolerance: float) -> bool:
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-6) or (a != a and b != b)


def run_all(options: argparse.Namespace) -> list[Result]:
    """Run the programs of the list that `--only` matches."""
    work = []
    for repository in tomllib.loads(options.list.read_text())["repository"]:
        path = checkout(repository, options.checkouts)
        for name in programs_of(repository, path):
            if fnmatch.fnmatch(f"{path.name}/{name}", f"*{options.only}*"):
                lacks = repository.get("lacks", {}).get(name, "")
                work.append((path, Result(path.name, name, lacks)))
    bar = tqdm(work, unit="program")
    for path, result in bar:
        bar.set_postfix_str(result.name[-30:])
        result.tf1x = run_one("tf1x", path, result.name, options)
        if options.oracle:
            one = result.tensorflow = run_one("tensorflow", path, result.name, options)
            if runs(result.tf1x) and runs(one):
                again = run_one("tensorflow", path, result.name, options)
                result.agreement = agreement(result.tf1x, one, again)
        tqdm.write(line(result))
    return [result for _, result in work]


def line(result: Result) -> str:
    """The result in a line."""
    found = result.tf1x
    assert found is not None
    text = f"{result.repository}/{result.name}: {outcome(found)}"
    if result.lacks:
        text += f" [lacks: {result.lacks}]"
    if result.tensorflow:
        text += f" | TensorFlow: {outcome(result.tensorflow)} {result.agreement}"
    return text


def outcome(found: dict[str, Any]) -> str:
    """What became of a program, in words."""
    if found["outcome"] == "error":
        message = " ".join(found["message"].split())[-200:]
        return f"FAILS with {found['error']} at {found['where']}: {message}"
    reached = {"end": "to its end", "runs": "as far as wanted", "seconds": "for as long as wanted"}
    return f"runs {reached[found['outcome']]} ({found['runs']} runs, {found['seconds']:.1f} s)"


def summary(results: list[Result], seconds: float) -> str:
    """How many run, by repository."""
    lines = []
    for name in dict.fromkeys(r.repository for r in results):
        own = [r for r in results if r.repository == name]
        at_hand = [r for r in own if not r.lacks]
        text = f"{name}: {sum(runs(r.tf1x) for r in at_hand)} of {len(at_hand)} run"
        if len(own) > len(at_hand):
            text += f"; {len(own) - len(at_hand)} more lack data or packages"
        if any(r.tensorflow for r in own):
            compared = [r for r in own if r.agreement.startswith(("equal", "differs"))]
            equal = sum(r.agreement.startswith("equal") for r in compared)
            text += f"; TensorFlow 2.21 {sum(runs(r.tensorflow) for r in at_hand)}"
            text += f"; numbers equal in {equal} of {len(compared)}"
        lines.append(text)
    at_hand = [r for r in results if not r.lacks]
    good = sum(runs(r.tf1x) for r in at_hand)
    lines.append(f"all: {good} of {len(at_hand)} run, in {seconds:.0f} s")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", type=Path, default=HERE / "public_programs.toml")
    parser.add_argument("--checkouts", type=Path, default=Path("outputs/public"))
    parser.add_argument("--only", default="", help="programs whose path matches *PATTERN*")
    parser.add_argument("--oracle", action="store_true", help="TensorFlow 2.21 beside")
    parser.add_argument("--runs", type=int, default=200, help="session runs a program (200)")
    parser.add_argument("--seconds", type=float, default=60, help="seconds a program (60)")
    parser.add_argument("--json", type=Path, help="where to write all results")
    options = parser.parse_args()
    options.checkouts.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    results = run_all(options)
    print(summary(results, time.perf_counter() - start))
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in results], indent=1))
    sys.exit(any(not runs(r.tf1x) for r in results if not r.lacks))


if __name__ == "__main__":
    main()
