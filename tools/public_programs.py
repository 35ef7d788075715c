"""Run the programs of public TensorFlow 1 repositories under tf1x, and tell what became of each.

    python tools/public_programs.py [--checkouts DIR] [--only PATTERN] [--oracle] [--json FILE]

The repositories stand in tools/public_programs.toml (or --list FILE): address, commit, which files
are programs. A checkout DIR/NAME is used as it is; what is not there is cloned into it. Every
program runs in a process and a copy of its repository of its own, and is stopped after --runs
session runs or --seconds seconds: then it counts as running, as it does when it comes to its end.
With --oracle, TensorFlow 2.21's `compat.v1` (with tf-keras and `tensorflow.examples`) runs each
program too and the first 30 numbers that were fetched are compared (1e-3); where they differ,
TensorFlow runs it again, since its own numbers may not repeat. Both use TensorFlow 2.21's rule for seeds (`TF1X_SEEDS=tf2`).

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
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

HERE = Path(__file__).resolve().parent
COMPARED, TOLERANCE = 30, 1e-3


@dataclass(frozen=True)
class Program:
    """What is run, and how.

    Attributes:
        checkout: the folder of its repository.
        name: its path in there, or `-m module`.
        lacks: what is not at hand for it; empty if nothing.
        release: of TensorFlow 1 that it was written for, where later ones refuse it.
        runs, seconds: after how many session runs or seconds it is stopped.
    """

    checkout: Path
    name: str
    lacks: str
    release: str
    runs: int
    seconds: float


@dataclass
class Result:
    """What became of one program.

    Attributes:
        lacks: what is not at hand for it; empty if nothing.
        tf1x, tensorflow: what tools/public_run.py wrote; None where it was not run.
        agreement: "equal", "differs: ...", or why the numbers could not be compared.
    """

    repository: str
    commit: str
    name: str
    lacks: str
    tf1x: dict[str, Any] | None = None
    tensorflow: dict[str, Any] | None = None
    agreement: str = ""


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


def run_one(engine: str, program: Program) -> dict[str, Any]:
    """Run a program in a copy of its repository; what tools/public_run.py wrote."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / program.checkout.name
        shutil.copytree(program.checkout, copy, ignore=shutil.ignore_patterns(".git"))
        out = Path(folder) / "out.json"
        where, name = copy, program.name
        if not name.startswith("-m "):
            where, name = (copy / name).parent, Path(name).name
        command = [sys.executable, str(HERE / "public_run.py"), "--runs", str(program.runs)]
        command += ["--seconds", str(program.seconds), engine, str(out)]
        command += name.split() if name.startswith("-m ") else [name]
        env = {**os.environ, "TF1X_SEEDS": "tf2", "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0",
               "TF1X_RELEASE": program.release}  # fmt: skip
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen(
                command, cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(2 * program.seconds + 120)
            except subprocess.TimeoutExpired:
                pass
            finally:
                kill(process)
            log.seek(0)
            tail = log.read()[-3000:]
        if not out.exists():
            return {"outcome": "error", "error": f"exit status {process.returncode}",
                    "message": tail, "where": "", "line": "", "runs": 0, "seconds": 0.0,
                    "processor_seconds": 0.0, "numbers": []}  # fmt: skip
        found: dict[str, Any] = json.loads(out.read_text())
        if found["outcome"] == "error":
            found["output"] = tail
        return found


def kill(process: subprocess.Popen[Any]) -> None:
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def agreement(tf1x: dict[str, Any], theirs: dict[str, Any], again: Callable[[], Any]) -> str:
    """Whether the first numbers of tf1x are TensorFlow's.

    Args:
        tf1x, theirs: what became of the program under each.
        again: runs it under TensorFlow once more, to see whether its own numbers repeat.
    """
    count = min(COMPARED, len(tf1x["numbers"]), len(theirs["numbers"]))
    if not count:
        return "no numbers fetched"
    different = _different(tf1x, theirs, count, TOLERANCE)
    if different is None:
        return f"equal ({count} numbers)"
    repeated = again()
    if len(repeated["numbers"]) < count or _different(repeated, theirs, count, 1e-5) is not None:
        return "TensorFlow's own runs differ"
    (name, b), (_, a) = theirs["numbers"][different], tf1x["numbers"][different]
    return f"differs: number {different + 1}, {name}: {a:.6g}, TensorFlow {b:.6g}"


def _different(
    one: dict[str, Any], two: dict[str, Any], count: int, tolerance: float
) -> int | None:
    """Which of the first `count` numbers is the first that differs."""
    pairs = zip(one["numbers"][:count], two["numbers"], strict=False)
    return next(
        (i for i, ((_, a), (_, b)) in enumerate(pairs) if not _close(a, b, tolerance)), None
    )


def _close(a: float, b: float, tolerance: float) -> bool:
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-6) or (a != a and b != b)


def _of(repository: dict[str, Any], key: str, name: str, default: str) -> str:
    """What the list says of the program under `key`, by patterns of names."""
    table: dict[str, str] = repository.get(key, {})
    return next((said for p, said in table.items() if fnmatch.fnmatch(name, p)), default)


def listed(options: argparse.Namespace) -> list[tuple[Program, Result]]:
    """The programs of the list that `--only` matches, with room for what becomes of them."""
    found = []
    for repository in tomllib.loads(options.list.read_text())["repository"]:
        path = checkout(repository, options.checkouts)
        for name in programs_of(repository, path):
            if not fnmatch.fnmatch(f"{path.name}/{name}", f"*{options.only}*"):
                continue
            program = Program(
                path,
                name,
                lacks=_of(repository, "lacks", name, ""),
                release=_of(repository, "releases", name, "1.15"),
                runs=repository.get("runs", options.runs),
                seconds=repository.get("seconds", options.seconds),
            )
            found.append((program, Result(path.name, repository["commit"], name, program.lacks)))
    return found


def run_all(options: argparse.Namespace) -> list[Result]:
    """Run the programs of the list that `--only` matches."""
    work = listed(options)
    bar = tqdm(work, unit="program")
    for program, result in bar:
        bar.set_postfix_str(result.name[-30:])
        ours = result.tf1x = run_one("tf1x", program)
        if options.oracle:
            theirs = result.tensorflow = run_one("tensorflow", program)
            if runs(ours) and runs(theirs):
                result.agreement = agreement(ours, theirs, partial(run_one, "tensorflow", program))
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


class Counts(NamedTuple):
    """How many programs are at hand and, of these, run, could be compared and were equal."""

    at_hand: int
    tf1x: int
    tensorflow: int
    compared: int
    equal: int


def counts(results: list[Result]) -> Counts:
    """The counts of some programs."""
    at_hand = [r for r in results if not r.lacks]
    equal = sum(r.agreement.startswith("equal") for r in at_hand)
    return Counts(
        at_hand=len(at_hand),
        tf1x=sum(runs(r.tf1x) for r in at_hand),
        tensorflow=sum(runs(r.tensorflow) for r in at_hand),
        compared=equal + sum(r.agreement.startswith("differs") for r in at_hand),
        equal=equal,
    )


def summary(results: list[Result], seconds: float) -> str:
    """How many run, by repository."""
    lines = []
    for name in dict.fromkeys(r.repository for r in results):
        own = [r for r in results if r.repository == name]
        found = counts(own)
        text = f"{name}: {found.tf1x} of {found.at_hand} run"
        if len(own) > found.at_hand:
            text += f"; {len(own) - found.at_hand} more lack data or packages"
        if any(r.tensorflow for r in own):
            text += f"; TensorFlow 2.21 {found.tensorflow}"
            text += f"; numbers equal in {found.equal} of {found.compared}"
        lines.append(text)
    found = counts(results)
    lines.append(f"all: {found.tf1x} of {found.at_hand} run, in {seconds:.0f} s")
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
