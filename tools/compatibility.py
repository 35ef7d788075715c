"""Write docs/compatibility.md: what of public TensorFlow 1 code runs, and which symbols of it exist.

    python tools/compatibility.py SYMBOLS.TSV [PROGRAMS.JSON]

SYMBOLS.TSV has a line a symbol: its name, files, repositories and occurrences that use it, counted
over public repositories, and whether TensorFlow 2.21's `compat.v1` has it ("ok" or not).
PROGRAMS.JSON is what `tools/public_programs.py --oracle --json` wrote; without it, that part of the
page stays as it is.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
from collections import Counter
from pathlib import Path

from public_programs import Result, counts, runs

import tf1x
from tf1x import importer

OUT = Path(__file__).resolve().parents[1] / "docs" / "compatibility.md"
PROGRAMS_TITLE, SYMBOLS_TITLE = "## Programs", "## Symbols"
_THRESHOLDS = (10, 5, 2, 1)
_MISSING_SHOWN = 60


def resolves(name: str) -> bool:
    """Whether `tf.a.b.c` can be reached as a program under the hook reaches it."""
    import tensorflow

    item: object = tensorflow
    for part in name.split(".")[1:]:
        try:
            item = getattr(item, part)
        except (AttributeError, ImportError):
            return False
    return True


def area(name: str) -> str:
    """The part of the API: `tf.contrib.layers` for `tf.contrib.layers.conv2d`, `tf` for `tf.add`."""
    parts = name.split(".")
    depth = 2 if parts[1] in ("contrib", "python", "core") else 1
    return ".".join(parts[: min(depth + 1, len(parts) - 1)]) or "tf"


def symbols_part(rows: list[dict[str, str]]) -> str:
    """Which of the counted symbols tf1x has."""
    known = {row["symbol"]: resolves(row["symbol"]) for row in rows}
    lines = [
        SYMBOLS_TITLE,
        "",
        "Counted in 3,728 TensorFlow 1 source files of 106 public repositories; tf1x "
        f"{tf1x.__version__}, {datetime.date.today().isoformat()}. A symbol counts as covered when "
        "it can be reached; that each op computes what TensorFlow computes is what the test suite "
        "checks.",
        "",
        "| symbols used by at least | symbols | tf1x | TensorFlow 2.21's `compat.v1` |",
        "|---|---|---|---|",
    ]
    for least in _THRESHOLDS:
        chosen = [r for r in rows if int(r["repos"]) >= least]
        ours = sum(known[r["symbol"]] for r in chosen)
        theirs = sum(r["compat_v1_tf2.21"] == "ok" for r in chosen)
        unit = "repository" if least == 1 else "repositories"
        lines.append(
            f"| {least} {unit} | {len(chosen)} | {ours / len(chosen):.1%} | {theirs / len(chosen):.1%} |"
        )
    lines += ["", "### By area", "", "| area | symbols | covered |", "|---|---|---|"]
    total, covered = Counter(), Counter()
    for row in rows:
        total[area(row["symbol"])] += 1
        covered[area(row["symbol"])] += known[row["symbol"]]
    for name, count in total.most_common(40):
        lines.append(f"| `{name}` | {count} | {covered[name]} |")
    missing = [r for r in rows if not known[r["symbol"]]]
    missing.sort(key=lambda r: -int(r["repos"]))
    lines += [
        "",
        f"### Missing, the {_MISSING_SHOWN} that most repositories use",
        "",
        ", ".join(f"`{r['symbol']}` ({r['repos']})" for r in missing[:_MISSING_SHOWN]),
        "",
    ]
    return "\n".join(lines)


def programs_part(results: list[Result]) -> str:
    """What became of the programs of public repositories."""
    lines = [
        PROGRAMS_TITLE,
        "",
        "Run by `tools/public_programs.py --oracle`: every program as it is, in a process of its own, "
        "to its end or as far as it was wanted. `TensorFlow` is 2.21's `compat.v1` with tf-keras and "
        "`tensorflow.examples` supplied. Its first 30 numbers are compared (1e-3) where they are the "
        "same each time. Processor seconds are those of the programs that both run, to the same point.",
        "",
        "| repository | commit | programs at hand | tf1x runs | TensorFlow runs | numbers equal "
        "| processor seconds, tf1x / TensorFlow |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(r.repository for r in results):
        own = [r for r in results if r.repository == name]
        lines.append(f"| {name} | `{own[0].commit[:10]}` | {_counts(own)} |")
    lines.append(f"| **all** | | {_counts(results)} |")
    at_hand = [r for r in results if not r.lacks]
    lists = {
        "Fail": [
            f"{_name(r)}: {r.tf1x['error']}: {_short(r.tf1x['message'])}"
            for r in at_hand
            if not runs(r.tf1x)
        ],
        "Differ from TensorFlow in numbers": [
            f"{_name(r)}: {r.agreement.removeprefix('differs: ')}"
            for r in at_hand
            if r.agreement.startswith("differs")
        ],
        "Not at hand, and not counted above": [
            f"{_name(r)}: {r.lacks}" for r in results if r.lacks
        ],
    }
    for title, found in lists.items():
        lines += ["", f"{title}:", "", *(f"- {item}" for item in found or ["none"])]
    return "\n".join([*lines, "", ""])


def _counts(results: list[Result]) -> str:
    found = counts(results)
    same = [
        r
        for r in results
        if not r.lacks
        and all(runs(e) and e["outcome"] != "seconds" for e in (r.tf1x, r.tensorflow))
    ]
    ours = sum(r.tf1x["processor_seconds"] for r in same)
    theirs = sum(r.tensorflow["processor_seconds"] for r in same)
    return (
        f"{found.at_hand} | {found.tf1x} | {found.tensorflow} | {found.equal} of {found.compared} | "
        f"{ours:.0f} / {theirs:.0f}"
    )


def _name(result: Result) -> str:
    return f"`{result.repository}/{result.name}`"


def _short(message: str) -> str:
    return " ".join(message.split())[-200:]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("symbols", metavar="SYMBOLS.TSV", type=Path)
    parser.add_argument("programs", metavar="PROGRAMS.JSON", type=Path, nargs="?")
    options = parser.parse_args()
    if options.programs:
        programs = programs_part([Result(**r) for r in json.loads(options.programs.read_text())])
    else:
        _, title, rest = OUT.read_text().partition(PROGRAMS_TITLE)
        programs = title + rest.partition(SYMBOLS_TITLE)[0]
    importer.install()
    with options.symbols.open(newline="") as file:
        symbols = symbols_part(list(csv.DictReader(file, delimiter="\t")))
    OUT.write_text(
        f"# Compatibility\n\nGenerated by `tools/compatibility.py`.\n\n{programs}{symbols}"
    )
    print(OUT.relative_to(Path.cwd()) if OUT.is_relative_to(Path.cwd()) else OUT)


if __name__ == "__main__":
    main()
