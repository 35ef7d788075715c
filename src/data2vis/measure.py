"""The figures of a trained network: `data2vis evaluate --checkpoint` and `--tables`.

`checkpoint` asks how well it knows the corpus, `tables` how good the charts are that it recommends
for tables that training never saw.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from data2vis import batches, corpus, draco_rules, metrics, source
from data2vis.decode import Decoder, Hypothesis
from data2vis.evaluate import Report, evaluate
from data2vis.grammar import Grammar
from data2vis.recommend import COUNT, Recommender
from data2vis.spec import POINTERS, Chart, SpecError, from_text
from data2vis.table import Table, TableError
from data2vis.train import log_perplexity
from data2vis.trained import Trained

_ENDINGS: Final = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx")


@dataclass
class Raw:
    """What the network alone writes: counts."""

    sequences: int = 0
    charts: int = 0  # that are in the language: JSON at character level, tokens at token level
    unknown_columns: int = 0  # that name a column which the table does not have

    def add(self, texts: Iterable[str], columns: frozenset[str], characters: bool) -> None:
        """Counts sequences for a table with these pointers."""
        for text in texts:
            self.sequences += 1
            try:
                chart = from_text(text) if characters else Chart.from_tokens(text)
            except SpecError:
                named = {word for word in text.replace('"', " ").split() if word in POINTERS}
            else:
                self.charts += 1
                named = set(chart.fields)
            self.unknown_columns += bool(named - columns)

    def figures(self) -> dict[str, float]:
        """As shares."""
        total = max(1, self.sequences)
        return {
            "raw_in_language": self.charts / total,
            "raw_unknown_columns": self.unknown_columns / total,
        }


def checkpoint(
    path: str | Path | None, folder: Path, limit: int | None = None, beam_width: int = COUNT
) -> dict[str, float]:
    """Log perplexities, and BLEU, ROUGE and validity of the network alone on the test split.

    BLEU and ROUGE compare the best sequence for a table with all its charts in the corpus.
    `limit` is a number of test tables.
    """
    trained = Trained(path)
    options = trained.options
    config, characters = options.config, options.config.level == "character"

    def perplexity(groups: Sequence[batches.Group]) -> float:
        return log_perplexity(trained.session, trained.model, list(groups), config)

    def read(split: str, tables: int | None = None) -> list[batches.Group]:
        file = folder / f"{split}.jsonl.gz"
        return batches.read(file, config, options.source, options.target, tables)

    figures = {
        "log_perplexity_seen_tables": perplexity(batches.hold_out(read("train"))[1]),
        "log_perplexity_validation_tables": perplexity(read("validation")),
        "log_perplexity_test_tables": perplexity(read("test", limit)),
    }
    decoder = Decoder(trained)
    raw = Raw()
    found: list[list[str]] = []
    references: list[list[list[str]]] = []
    for number, line in enumerate(corpus.read(folder / "test.jsonl.gz")):
        if number == limit:
            break
        text, targets = batches.texts(line, config.level)[0]
        ids = options.source.ids(text)
        hypotheses = decoder.raw(ids, beam_width)
        columns = frozenset(word for word in line["source"].split() if word in POINTERS)
        raw.add(_texts(hypotheses, trained), columns, characters)
        found.append(options.target.words(hypotheses[0].ids))
        references.append([options.target.words(options.target.ids(t)) for t in targets])
    figures["bleu"] = metrics.bleu(found, references)
    figures |= metrics.rouge(found, references)
    return figures | raw.figures()


def _texts(hypotheses: Iterable[Hypothesis], trained: Trained) -> list[str]:
    return [trained.options.target.text(hypothesis.ids) for hypothesis in hypotheses]


@dataclass
class TablesReport:
    """What `tables` found."""

    report: Report = field(default_factory=Report)
    raw: Raw = field(default_factory=Raw)
    grammatical: int = 0  # raw sequences that the table's grammar allows, too
    seconds: list[float] = field(default_factory=list)
    hard_violations: dict[str, list[str]] = field(default_factory=dict)  # of top charts, by table
    unreadable: dict[str, str] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """All figures by name; times in seconds, without that of the first table."""
        found: dict[str, float] = dict(self.report.summary())
        found |= self.raw.figures()
        found["raw_grammatical"] = self.grammatical / max(1, self.raw.sequences)
        tables = max(1, len(self.report.tables))
        found["top_without_hard_violations"] = 1.0 - len(self.hard_violations) / tables
        times = sorted(self.seconds[1:] or self.seconds)
        if times:
            found["median_seconds"] = statistics.median(times)
            found["p95_seconds"] = times[min(len(times) - 1, int(0.95 * len(times)))]
            found["slowest_seconds"] = times[-1]
            found["first_seconds"] = self.seconds[0]
        return found


def table_files(folder: Path) -> list[Path]:
    """The tables in a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)


def tables(
    recommender: Recommender,
    files: Iterable[Path],
    count: int = COUNT,
    draco: bool = True,
) -> TablesReport:
    """Recommends charts for every table and checks them; `draco` needs the package draco."""
    result = TablesReport()
    for file in files:
        try:
            table = Table.read(file)
        except TableError as error:
            result.unreadable[file.name] = str(error)
            continue
        started = time.perf_counter()
        found = recommender.recommend(table, count)
        result.seconds.append(time.perf_counter() - started)
        result.report.tables += evaluate([(table, [each.spec for each in found])]).tables
        if draco:
            violated = draco_rules.hard_violations(found[0].chart, table.profile)
            if violated:
                result.hard_violations[table.name] = violated
        _add_raw(result, recommender.decoder, table, count)
    return result


def _add_raw(result: TablesReport, decoder: Decoder, table: Table, count: int) -> None:
    texts = _texts(decoder.raw(source.ids(table.profile), count), decoder.trained)
    result.raw.add(texts, frozenset(table.profile.by_pointer), characters=False)
    grammar = Grammar(table.profile)
    result.grammatical += sum(map(grammar.accepts, texts))


def text(figures: Mapping[str, Any]) -> str:
    """Figures, one a line; shares as percentages."""
    shares = (
        "json", "schema", "renders", "unknown_columns", "empty", "coverage", "raw_in_language",
        "raw_unknown_columns", "raw_grammatical", "top_without_hard_violations",
    )  # fmt: skip
    width = max(map(len, figures), default=0)
    return "\n".join(
        f"{name.replace('_', ' '):{width}} {f'{value:.2%}' if name in shares else f'{value:,.4g}':>9}"
        for name, value in figures.items()
    )
