"""The command line: `data2vis suggest`, `serve`, `train`, `evaluate` and the others."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data2vis.config import ConfigError
from data2vis.table import Table, TableError

_DESCRIPTION = """\
A table in, ranked Vega-Lite charts out.

  data2vis suggest cars.csv                    fifteen charts, ranked, with reasons
  data2vis serve                               a page for tables and charts, in the browser
  data2vis profile cars.csv                    columns, their kinds and pointers
  data2vis corpus data2vis-corpus              the training corpus, 210,000 pairs
  data2vis train --corpus CORPUS --output OUT  a network
  data2vis evaluate --tables CORPUS/tables     how good its charts are
  data2vis decode cars.csv                     what the network writes, and where it looks
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

_SUGGEST = """\
Recommends charts for a table: Vega-Lite with a score and reasons in words, the best first.

  data2vis suggest cars.csv                    to the screen: scores, titles, reasons
  data2vis suggest cars.csv -o -               as a JSON list, for programs
  data2vis suggest cars.csv -o charts          charts/01.json and so on, and charts/index.json
  data2vis suggest cars.csv -k 5 --type Cylinders=str -o charts --png --svg --html

The HTML files have all that they need in them and open without a network."""

_SERVE = """\
Serves the page and the JSON API, on this machine only unless --host says otherwise.

  data2vis serve                               http://127.0.0.1:5016
  data2vis serve --port 8080 --model-dir OUT   another port, another network
  curl -F file=@cars.csv http://127.0.0.1:5016/api/suggest

/api/openapi.json describes the API. Nothing is kept, and nothing leaves the machine."""

_TRAIN = """\
Trains a network on a corpus that `data2vis corpus` made.

  data2vis train --corpus CORPUS --output OUT
  data2vis train --config char_bi --corpus CORPUS --output OUT --steps 200
  data2vis train --corpus CORPUS --output OUT --resume
  tensorboard --logdir OUT

CONFIG is `token` (the default), `char_bi` (the network of 2018) or a YAML or JSON file with the
option names of 2018. OUT gets train_options.json, checkpoints, the best one among them, and events
for TensorBoard. The log perplexity is that of a token, on charts that training leaves out: of
tables that it sees, and of tables that it does not see."""

_EVALUATE = """\
Prints the figures of a network, that which ships or another.

  data2vis evaluate --corpus CORPUS            log perplexity, BLEU, ROUGE, validity
  data2vis evaluate --checkpoint OUT --corpus CORPUS
  data2vis evaluate --tables CORPUS/tables     its charts: valid, different, fast?

With --tables every chart is checked: JSON, the Vega-Lite schema, columns, rendering. It takes some
minutes for a hundred tables. The first table's time is not among the others'."""

_DECODE = """\
Decodes tables and does a task of 2018 with what was found.

  data2vis decode cars.csv                              DecodeText: the best sequence
  data2vis decode cars.csv --raw                        the network alone, without the grammar
  data2vis decode *.csv --task DumpAttention --output looks
  data2vis decode cars.csv --task DumpBeams --output beams.npz --beam-width 5

DumpAttention writes a PNG for each table and attention_scores.npz, DumpBeams the steps of the
search as .npz or .json."""

_EXPORT = """\
Writes a trained network as 16-bit floats, the form in which the default one ships.

  data2vis export OUT FOLDER
  data2vis export OUT                          in place of the one that ships"""

_PICTURES = ("png", "svg", "html")  # data2vis.export.FORMATS


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
    _add_network_commands(commands)
    return parser


def _add_network_commands(commands: Any) -> None:
    formatter = argparse.RawDescriptionHelpFormatter
    checkpoint = argparse.ArgumentParser(add_help=False)
    checkpoint.add_argument(
        "--checkpoint", metavar="CHECKPOINT", type=Path,
        help="a folder that `data2vis train` wrote, or a checkpoint in it (the one that ships)",
    )  # fmt: skip

    suggest = commands.add_parser(
        "suggest", help="charts for a table", parents=[checkpoint],
        description=_SUGGEST, formatter_class=formatter,
    )  # fmt: skip
    suggest.add_argument("table", metavar="TABLE", help="a CSV, TSV, JSON, Parquet or Excel file")
    suggest.add_argument("-k", "--count", type=_positive, default=15, help="how many (15)")
    suggest.add_argument(
        "--type", dest="types", metavar="COLUMN=KIND", action="append", default=[],
        help="take a column as num, str or dt; may be given again",
    )  # fmt: skip
    suggest.add_argument("-o", "--output", metavar="FOLDER", help="a folder, or - for JSON here")
    for kind in _PICTURES:
        suggest.add_argument(
            f"--{kind}", action="store_true", help=f"write {kind.upper()} into the folder, too"
        )

    serve = commands.add_parser(
        "serve", help="the page and the API", description=_SERVE, formatter_class=formatter
    )
    serve.add_argument("--port", type=_port, default=5016, help="0 takes a free one (5016)")
    serve.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets others in (127.0.0.1)")
    serve.add_argument(
        "--model-dir", metavar="FOLDER", type=Path, help="a trained network (the one that ships)"
    )
    serve.add_argument(
        "--beam-width", type=_beam_width, default=15, help="charts of an answer, at most 50 (15)"
    )

    train = commands.add_parser(
        "train", help="train a network", description=_TRAIN, formatter_class=formatter
    )
    train.add_argument("--config", default="token", help="a name or a file (token)")
    train.add_argument("--corpus", metavar="CORPUS", type=Path, required=True)
    train.add_argument("--output", metavar="OUT", type=Path, required=True)
    train.add_argument("--steps", type=_positive, help="the last step (as the configuration says)")
    train.add_argument("--resume", action="store_true", help="go on where OUT stopped")

    evaluate = commands.add_parser(
        "evaluate", help="figures of a network", parents=[checkpoint],
        description=_EVALUATE, formatter_class=formatter,
    )  # fmt: skip
    what = evaluate.add_mutually_exclusive_group(required=True)
    what.add_argument("--corpus", metavar="CORPUS", type=Path)
    what.add_argument("--tables", metavar="FOLDER", type=Path)
    evaluate.add_argument("--limit", type=_positive, help="so many tables only")
    evaluate.add_argument("--count", type=_positive, default=15, help="charts a table (15)")
    evaluate.add_argument("--json", action="store_true", help="as JSON")

    decode = commands.add_parser(
        "decode", help="what the network writes", parents=[checkpoint],
        description=_DECODE, formatter_class=formatter,
    )  # fmt: skip
    decode.add_argument("tables", metavar="TABLE", nargs="+")
    decode.add_argument(
        "--task", choices=("DecodeText", "DumpAttention", "DumpBeams"), default="DecodeText"
    )
    decode.add_argument("--raw", action="store_true", help="the network alone")
    decode.add_argument(
        "--constrained", dest="raw", action="store_false", help="by the grammar (the default)"
    )
    decode.add_argument("--beam-width", type=_positive, help="as the configuration says (15)")
    decode.add_argument("--output", metavar="PATH", type=Path, help="of the dumps")

    export = commands.add_parser(
        "export", help="weights to ship", description=_EXPORT, formatter_class=formatter
    )
    export.add_argument("checkpoint", metavar="CHECKPOINT", type=Path)
    export.add_argument("folder", metavar="FOLDER", type=Path, nargs="?")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _beam_width(text: str) -> int:
    value = _positive(text)
    if value > 50:
        raise argparse.ArgumentTypeError("must be at most 50")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65_536:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return value


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 1 where something is wrong with what was given."""
    arguments = _parser().parse_args(argv)
    try:
        status = _COMMANDS[arguments.command](arguments)
    except (TableError, ConfigError, OSError, ImportError) as error:
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


def _serve(arguments: argparse.Namespace) -> int:
    from data2vis.web.server import serve

    serve(arguments.host, arguments.port, arguments.model_dir, arguments.beam_width)
    return 0


def _suggest(arguments: argparse.Namespace) -> int:
    from data2vis.recommend import Recommender

    formats = [kind for kind in _PICTURES if getattr(arguments, kind)]
    if formats and arguments.output in (None, "-"):
        raise ConfigError(f"--{formats[0]} needs a folder: --output FOLDER")
    table = Table.read(arguments.table, _types(arguments.types))
    found = Recommender(arguments.checkpoint).recommend(table, arguments.count)
    if arguments.output == "-":
        print(json.dumps([each.to_json() for each in found], ensure_ascii=False))
        return 0
    for number, each in enumerate(found, 1):
        shown = f"{each.chart.mark:7}  {each.title}\n{' ' * 21}{each.reason}"
        print(f"{number:2}  {each.score:6.2f}  {shown}")
    if arguments.output is not None:
        _write_charts(Path(arguments.output), found, formats)
    return 0


def _write_charts(folder: Path, found: Sequence[Any], formats: Sequence[str]) -> None:
    from data2vis.export import export

    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for number, each in enumerate(found, 1):
        name = f"{number:02}"
        content = {key: value for key, value in each.to_json().items() if key != "spec"}
        index.append({"file": f"{name}.json", **content})
        spec = json.dumps(each.spec, ensure_ascii=False)
        (folder / f"{name}.json").write_text(spec + "\n", encoding="utf-8")
        for kind in formats:
            (folder / f"{name}.{kind}").write_bytes(export(each.spec, kind, each.title))
    text = json.dumps(index, ensure_ascii=False, indent=1)
    (folder / "index.json").write_text(text + "\n", encoding="utf-8")
    print(f"\n{len(found)} charts in {folder}")


def _train(arguments: argparse.Namespace) -> int:
    from data2vis import config, train

    if not (arguments.corpus / "manifest.json").exists():
        raise ConfigError(f"{arguments.corpus} has no corpus: data2vis corpus {arguments.corpus}")
    train.train(
        config.load(arguments.config),
        arguments.corpus,
        arguments.output,
        arguments.steps,
        arguments.resume,
    )
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from data2vis import measure

    if arguments.corpus is not None:
        figures = measure.checkpoint(arguments.checkpoint, arguments.corpus, arguments.limit)
    else:
        figures = _evaluate_tables(arguments)
    print(json.dumps(figures) if arguments.json else measure.text(figures))
    return 0


def _evaluate_tables(arguments: argparse.Namespace) -> dict[str, float]:
    from importlib.util import find_spec

    from tqdm import tqdm

    from data2vis import measure
    from data2vis.recommend import Recommender

    files = measure.table_files(arguments.tables)
    if not files:
        raise TableError(f"{arguments.tables} has no tables")
    if arguments.limit is not None:  # of all families: their names come together
        files = files[:: max(1, len(files) // arguments.limit)][: arguments.limit]
    draco = find_spec("draco") is not None
    if not draco:
        print("draco is not installed: its rules are not asked", file=sys.stderr)
    found = measure.tables(
        Recommender(arguments.checkpoint), tqdm(files, unit=" tables"), arguments.count, draco
    )
    for name, message in found.unreadable.items():
        print(f"{name}: {message}", file=sys.stderr)
    for name, rules in found.hard_violations.items():
        print(f"{name}: the top chart violates {', '.join(rules)}", file=sys.stderr)
    for name, check in found.report.failures():
        what = check.schema_error or check.render_error or "; ".join(check.warnings)
        spec = {key: check.spec[key] for key in ("mark", "encoding")} if check.spec else None
        print(f"{name}: {what or 'draws nothing'}: {spec}", file=sys.stderr)
    figures = found.figures()
    return figures if draco else {k: v for k, v in figures.items() if "violations" not in k}


def _decode(arguments: argparse.Namespace) -> int:
    from data2vis import tasks
    from data2vis.decode import Decoder
    from data2vis.trained import Trained

    if arguments.task != "DecodeText" and arguments.output is None:
        raise ConfigError(f"{arguments.task} needs --output")
    make: dict[str, Callable[[], tasks.Task]] = {
        "DecodeText": tasks.DecodeText,
        "DumpAttention": lambda: tasks.DumpAttention(arguments.output),
        "DumpBeams": lambda: tasks.DumpBeams(arguments.output),
    }
    task = make[arguments.task]()
    decoder = Decoder(Trained(arguments.checkpoint))
    width = arguments.beam_width
    width = width or decoder.trained.options.config["inference.beam_search.beam_width"] or 1
    for path in arguments.tables:
        task.take(tasks.decode(decoder, Table.read(path), width, arguments.raw), decoder)
    task.end()
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from data2vis.trained import Trained, shipped

    folder = arguments.folder or shipped()
    Trained(arguments.checkpoint).export(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.1f} MB")
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check": _check,
    "corpus": _corpus,
    "decode": _decode,
    "evaluate": _evaluate,
    "export": _export,
    "profile": _profile,
    "serve": _serve,
    "suggest": _suggest,
    "train": _train,
}
