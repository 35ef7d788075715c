"""The command line: `data2vis profile`, `data2vis corpus`, `data2vis check`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data2vis.table import Table, TableError

_DESCRIPTION = """\
A table in, ranked Vega-Lite charts out.

  data2vis profile cars.csv                    columns, their kinds and pointers
  data2vis corpus data2vis-corpus              the training corpus, 210,000 pairs
  data2vis check cars.csv charts.json          are charts valid, do they draw something?

Tables are CSV, TSV, JSON, JSON lines, Parquet or Excel files; the name's ending says which."""

_PROFILE = """\
Prints what the network and the rules see of a table: kind, pointer, distinct values, nulls, range.

  data2vis profile cars.csv
  data2vis profile cars.csv --type Cylinders=str --type Year=dt
  data2vis profile cars.csv --json             for programs

Kinds are num (numbers), str (categories, texts) and dt (dates). Pointers (num0, str0, dt0) name
columns in the network's language."""

_CORPUS = """\
Makes the training corpus: tables and charts for them, good charts more often than poor ones.

  data2vis corpus FOLDER                       210,000 pairs; some minutes on two cores
  data2vis corpus FOLDER --pairs 2000 --seed 7 a small one, to look at

FOLDER gets train, validation and test.jsonl.gz (one table a line: source tokens, five rows with
pointers for names, target tokens with scores), tables/ (the test tables as CSV) and manifest.json
(counts, hashes, tables of each split). The same seed makes the same files, whatever --jobs is.
Splits are by family: a data set or synthetic domain is in one split only. Needs the packages
vega_datasets, scikit-learn and statsmodels: pip install 'tf1x[corpus]'."""

_CHECK = """\
Checks charts of a table: JSON, the Vega-Lite 5 schema, columns, rendering without warnings, and
whether anything is drawn. CHARTS is a JSON file: one specification, or a list of them.

  data2vis check cars.csv charts.json

The exit status is 1 if any chart fails."""


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "data2vis", description=_DESCRIPTION, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    profile = commands.add_parser(
        "profile", help="columns, kinds, pointers", description=_PROFILE, formatter_class=formatter
    )
    profile.add_argument("table", metavar="TABLE", help="a CSV, TSV, JSON, Parquet or Excel file")
    profile.add_argument(
        "--type", dest="types", metavar="COLUMN=KIND", action="append", default=[],
        help="take a column as num, str or dt; may be given again",
    )  # fmt: skip
    profile.add_argument("--json", action="store_true", help="as JSON")

    corpus = commands.add_parser(
        "corpus", help="make the training corpus", description=_CORPUS, formatter_class=formatter
    )
    corpus.add_argument("folder", metavar="FOLDER", type=Path, help="is made if it is not there")
    corpus.add_argument("--pairs", type=_positive, default=None, help="how many (210000)")
    corpus.add_argument("--seed", type=int, default=0, help="another one, another corpus (0)")
    corpus.add_argument(
        "--jobs", type=_positive, default=os.cpu_count() or 1, help="processes (one a core)"
    )

    check = commands.add_parser(
        "check", help="check charts of a table", description=_CHECK, formatter_class=formatter
    )
    check.add_argument("table", metavar="TABLE")
    check.add_argument("charts", metavar="CHARTS", type=Path)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 1 where something is wrong with what was given."""
    arguments = _parser().parse_args(argv)
    command = {"profile": _profile, "corpus": _corpus, "check": _check}[arguments.command]
    try:
        status = command(arguments)
    except (TableError, OSError, ImportError) as error:
        print(f"data2vis: {error}", file=sys.stderr)
        status = 1
    if status:
        sys.exit(status)


def _types(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        column, equals, kind = text.rpartition("=")
        if not equals:
            raise TableError(f"--type {text}: write COLUMN=num, COLUMN=str or COLUMN=dt")
        found[column] = kind
    return found


def _profile(arguments: argparse.Namespace) -> int:
    table = Table.read(arguments.table, _types(arguments.types))
    columns = [_described(table, index) for index in range(len(table.profile.columns))]
    if arguments.json:
        print(json.dumps({"rows": table.profile.rows, "columns": columns}, ensure_ascii=False))
        return 0
    print(f"{table.name}: {table.profile.rows:,} rows, {len(columns)} columns\n")
    head = ("column", "kind", "pointer", "distinct", "nulls", "range or samples")
    rows = [head, *(tuple(str(value) for value in column.values()) for column in columns)]
    widths = [min(40, max(len(row[i]) for row in rows)) for i in range(len(head))]
    for row in rows:
        print("  ".join(cell[:40].ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


def _described(table: Table, index: int) -> dict[str, Any]:
    column = table.profile.columns[index]
    values = ", ".join(map(str, column.samples))
    if column.kind == "num" and column.minimum is not None:
        values = f"{column.minimum:g} to {column.maximum:g}"
    return {
        "name": column.name,
        "kind": column.kind,
        "pointer": column.pointer or "not used",
        "distinct": column.distinct,
        "nulls": column.nulls,
        "values": values,
    }


def _corpus(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from data2vis import corpus

    pairs = arguments.pairs or corpus.PAIRS
    with tqdm(total=pairs, unit=" pairs", smoothing=0.05) as bar:
        manifest = corpus.write(arguments.folder, pairs, arguments.seed, arguments.jobs, bar.update)
    for split in corpus.SPLITS:
        print(
            f"{split:12} {manifest.pairs[split]:>9,} pairs  {len(manifest.tables[split]):>6,} tables"
        )
    print(f"{arguments.folder / 'manifest.json'} has counts, hashes and tables")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from data2vis.evaluate import evaluate

    try:
        charts = json.loads(arguments.charts.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TableError(f"{arguments.charts}: {error}") from None
    specs = charts if isinstance(charts, list) else [charts]
    if not all(isinstance(spec, Mapping) for spec in specs):
        raise TableError(f"{arguments.charts}: a chart is a JSON object")
    report = evaluate([(Table.read(arguments.table), specs)])
    print(report.text())
    failures = list(report.failures())
    for _, check in failures:
        what = check.schema_error or check.render_error or "; ".join(check.warnings)
        if check.unknown_columns:
            what = f"no such columns: {', '.join(check.unknown_columns)}"
        print(f"\n{json.dumps(check.spec)[:200]}\n  {what or 'draws nothing'}")
    return int(bool(failures))
