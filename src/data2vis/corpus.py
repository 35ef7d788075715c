"""The training corpus: tables and charts for them, better charts more often.

Tables are those that `vega_datasets`, scikit-learn and statsmodels ship, with subsets of their
columns and rows, and synthetic ones (`data2vis.schemas`). Charts are drawn from the grammar at
random, scored by the rules, and chosen with chances that grow with the score, so that a network
that learns the distribution learns to rank. Splits are by family: a real data set with all its
subsets, or a whole synthetic domain, is in one split only.

One file a split, one line a table; `read` and `pairs` read them back:

    {"table": "cars/2", "family": "cars", "source": "rows:1000 num0 more ...",
     "rows": ["{\\"num0\\":18,...}", ...], "targets": [["point x num0 y num1", 3.9], ...]}
"""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data2vis import schemas, source
from data2vis.effectiveness import score
from data2vis.grammar import Grammar, random_walk
from data2vis.spec import IDS, VOCABULARY, Chart
from data2vis.table import Table, TableError

SPLITS: Final = ("train", "validation", "test")
PAIRS: Final = 210_000
_ROWS_SHOWN: Final = 5  # rows a table, for character-level sources
_MAX_ROWS: Final = 1_000  # of a table that is made here
_VARIANTS: Final = 8  # subsets of a real table
_WALKS: Final = 140  # charts drawn a table, of which
_KEPT: Final = 70  # so many at most are kept
_TEMPERATURE: Final = 1.2  # points of score by which a chart is e times as likely
# Real data sets that training does not see. Near relatives share a name: see `_families`.
_REAL_TEST: Final = frozenset(("barley", "la-riots", "wheat", "fair", "statecrime", "nile", "wine"))
_REAL_VALIDATION: Final = frozenset(("driving", "crimea", "longley", "scotland", "diabetes"))
_RELATIVES: Final = {"seattle-temps": "temperatures", "sf-temps": "temperatures"}
_VALIDATION_DOMAINS: Final = ("water quality",)
_SYNTHETIC_CHANCES: Final = {"train": 0.93, "validation": 0.02, "test": 0.05}


@dataclass(frozen=True)
class Example:
    """A table and its charts, as the network sees them."""

    table: str
    family: str
    split: str
    source: str
    rows: tuple[str, ...]
    targets: tuple[tuple[str, float], ...]


@dataclass
class Manifest:
    """What a corpus consists of; written beside it as `manifest.json`."""

    seed: int
    pairs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    tables: dict[str, list[str]] = field(default_factory=lambda: {s: [] for s in SPLITS})
    sha256: dict[str, str] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    vocabulary: dict[str, int] = field(
        default_factory=lambda: {"source": len(source.VOCABULARY), "target": len(VOCABULARY)}
    )
    longest: dict[str, int] = field(default_factory=dict)
    mean: dict[str, float] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)


# --- real tables -----------------------------------------------------------------------------


def _vega() -> Iterator[tuple[str, Callable[[], pd.DataFrame]]]:
    from vega_datasets import local_data

    for name in local_data.list_datasets():
        yield name, getattr(local_data, name.replace("-", "_"))


def _statsmodels() -> Iterator[tuple[str, Callable[[], pd.DataFrame]]]:
    import importlib
    import pkgutil

    import statsmodels.datasets as datasets

    for module in pkgutil.iter_modules(datasets.__path__):
        if module.ispkg and module.name != "tests":
            loader = importlib.import_module(f"statsmodels.datasets.{module.name}")
            yield module.name, partial(_loaded, loader)


def _sklearn() -> Iterator[tuple[str, Callable[[], pd.DataFrame]]]:
    from sklearn import datasets

    # Not iris, which vega_datasets has, nor digits, which are pictures.
    for name in ("breast_cancer", "diabetes", "linnerud", "wine"):
        loader = getattr(datasets, f"load_{name}")
        yield name, partial(_framed, loader)


def _loaded(module: Any) -> pd.DataFrame:
    return module.load_pandas().data.reset_index()


def _framed(loader: Callable[..., Any]) -> pd.DataFrame:
    return loader(as_frame=True).frame


@cache
def _families() -> Mapping[str, tuple[tuple[str, pd.DataFrame], ...]]:
    """The real tables by family."""
    found: dict[str, list[tuple[str, pd.DataFrame]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages' own making
        for name, load in (*_vega(), *_sklearn(), *_statsmodels()):
            found.setdefault(_RELATIVES.get(name, name), []).append((name, load()))
    return {family: tuple(found[family]) for family in sorted(found)}


def _subset(frame: pd.DataFrame, variant: int, random: np.random.Generator) -> pd.DataFrame:
    """A real table, all of it (variant 0) or some of its columns and rows."""
    if len(frame) > _MAX_ROWS:
        first = int(random.integers(len(frame) - _MAX_ROWS)) if random.random() < 0.5 else None
        if first is None:
            frame = frame.sample(_MAX_ROWS, random_state=int(random.integers(2**31))).sort_index()
        else:
            frame = frame.iloc[first : first + _MAX_ROWS]
    if variant:
        width = len(frame.columns)
        count = int(random.integers(1, width + 1)) if width > 1 else 1
        chosen = random.permutation(width)[: min(count, 40)]
        frame = frame.iloc[:, chosen]
        if random.random() < 0.5:
            frame = frame.head(int(random.choice([8, 30, 100, 300])))
    return frame


# --- one table's examples ----------------------------------------------------------------------


def _walk_weights() -> npt.NDArray[np.float64]:
    """Chances of tokens in random charts: ends early, seldom a rare channel."""
    weights = np.ones(len(VOCABULARY))
    weights[IDS["<end>"]] = 4.0
    for token, weight in (
        ("row", 0.3), ("column", 0.5), ("size", 0.4), ("shape", 0.4), ("color", 2.0),
        ("mean", 2.0), ("min", 0.5), ("max", 0.5), ("median", 0.7), ("distinct", 0.5),
        ("bar", 2.0), ("line", 1.5), ("point", 1.5),
    ):  # fmt: skip
        weights[IDS[token]] = weight
    return weights


_WEIGHTS: Final = _walk_weights()


def charts(
    table: Table, random: np.random.Generator, walks: int = _WALKS, kept: int = _KEPT
) -> list[tuple[Chart, float]]:
    """Different charts of a table with their scores; of high scores more than of low ones."""
    grammar = Grammar(table.profile)
    drawn = dict.fromkeys(random_walk(grammar, random, _WEIGHTS).ids for _ in range(walks))
    found = [Chart.from_ids(ids) for ids in drawn]
    scores = np.array([score(chart, table.profile)[0] for chart in found])
    # Gumbel noise: the largest are a sample without replacement by exp(score / temperature).
    keys = scores / _TEMPERATURE + random.gumbel(size=len(found))
    best = np.argsort(-keys)[: min(kept, (len(found) + 1) // 2)]
    return [(found[i], round(float(scores[i]), 2)) for i in best]


def _make(task: tuple[str, str, str, int, int]) -> tuple[Example, pd.DataFrame | None] | None:
    """The examples of one table, and the table itself if it is for tests."""
    split, family, name, variant, seed = task
    random = np.random.default_rng([seed, variant, zlib.crc32(name.encode())])
    if family in schemas.DOMAINS:
        frame = schemas.synthesize(family, random)
    else:
        frame = _subset(dict(_families()[family])[name], variant, random)
    try:
        table = Table(frame, f"{name}/{variant}".replace(" ", "-"))
    except TableError:
        return None  # a subset of nulls
    shown = random.choice(len(frame), min(_ROWS_SHOWN, len(frame)), replace=False)
    example = Example(
        table.name,
        family,
        split,
        " ".join(source.tokens(table.profile)),
        tuple(table.row_text(int(i)) for i in sorted(shown)),
        tuple((" ".join(chart.tokens()), points) for chart, points in charts(table, random)),
    )
    return example, (table.frame if split == "test" else None)


# --- the whole corpus --------------------------------------------------------------------------


def _split_of(family: str) -> str:
    if family in _REAL_TEST:
        return "test"
    if family in _REAL_VALIDATION or family in _VALIDATION_DOMAINS:
        return "validation"
    return "test" if family in schemas.HELD_OUT else "train"


def _tasks(seed: int) -> Iterator[tuple[str, str, str, int, int]]:
    """Tables without end: the real ones, then synthetic ones."""
    for family, members in _families().items():
        for name, frame in members:
            for variant in range(_VARIANTS if len(frame.columns) > 2 else 2):
                yield _split_of(family), family, name, variant, seed
    domains = {s: [d for d in schemas.DOMAINS if _split_of(d) == s] for s in SPLITS}
    random = np.random.default_rng(seed)
    number = 0
    while True:
        number += 1
        split = str(random.choice(SPLITS, p=list(_SYNTHETIC_CHANCES.values())))
        domain = str(random.choice(domains[split]))
        yield split, domain, domain, number, seed


def generate(
    pairs: int = PAIRS, seed: int = 0, jobs: int = 2
) -> Iterator[tuple[Example, pd.DataFrame | None]]:
    """Examples until there are so many pairs; the same for the same seed, whatever `jobs` is."""
    made = 0
    if jobs == 1:
        for result in map(_make, _tasks(seed)):
            if result is not None:
                made += len(result[0].targets)
                yield result
                if made >= pairs:
                    return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        tasks = _tasks(seed)
        while True:
            batch = [next(tasks) for _ in range(16 * jobs)]
            for result in pool.map(_make, batch, chunksize=8):
                if result is None:
                    continue
                made += len(result[0].targets)
                yield result
                if made >= pairs:
                    return


def write(
    folder: str | Path,
    pairs: int = PAIRS,
    seed: int = 0,
    jobs: int = 2,
    on_pairs: Callable[[int], object] = lambda count: None,
) -> Manifest:
    """Makes a corpus: a file a split, the test tables as CSV, `manifest.json`.

    `on_pairs` is told how many pairs each table adds.
    """
    folder = Path(folder)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    manifest = Manifest(seed, packages=_packages())
    marks: Counter[str] = Counter()
    lengths: dict[str, list[int]] = {"source": [], "target": [], "row text": []}
    lines: dict[str, list[bytes]] = {split: [] for split in SPLITS}
    for example, frame in generate(pairs, seed, jobs):
        fields = asdict(example)
        split = fields.pop("split")
        lines[split].append(json.dumps(fields, ensure_ascii=False).encode() + b"\n")
        manifest.pairs[split] += len(example.targets)
        manifest.tables[split].append(example.table)
        marks.update(target.split(" ", 1)[0] for target, _ in example.targets)
        lengths["source"].append(example.source.count(" ") + 2)
        lengths["target"] += [target.count(" ") + 2 for target, _ in example.targets]
        lengths["row text"] += [len(row) for row in example.rows]
        if frame is not None:
            name = example.table.replace("/", "-") + ".csv"
            frame.to_csv(folder / "tables" / name, index=False)
        on_pairs(len(example.targets))
    for split, content in lines.items():
        # Level 6 and no time, so that the same corpus is the same file.
        data = gzip.compress(b"".join(content), 6, mtime=0)
        (folder / f"{split}.jsonl.gz").write_bytes(data)
        manifest.sha256[split] = hashlib.sha256(b"".join(content)).hexdigest()
    manifest.marks = dict(marks.most_common())
    manifest.longest = {name: max(found) for name, found in lengths.items()}
    manifest.mean = {name: round(float(np.mean(found)), 2) for name, found in lengths.items()}
    text = json.dumps(asdict(manifest), indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _packages() -> dict[str, str]:
    from importlib.metadata import version

    names = ("numpy", "pandas", "scikit-learn", "statsmodels", "vega_datasets")
    return {name: version(name) for name in names}


def read(path: str | Path) -> Iterator[dict[str, Any]]:
    """The lines of a split's file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def pairs(path: str | Path, characters: bool = False) -> Iterator[tuple[str, str]]:
    """(source, target) texts: tokens with spaces between, or the 2018 system's characters.

    At character level a source is a row, each of a table's rows in turn, and a target a
    specification as JSON.
    """
    for line in read(path):
        yield from _pairs(line, characters)


def _pairs(line: Mapping[str, Any], characters: bool) -> Iterable[tuple[str, str]]:
    for number, (target, _) in enumerate(line["targets"]):
        if characters:
            row = line["rows"][number % len(line["rows"])]
            yield row, Chart.from_tokens(target).text()
        else:
            yield line["source"], target
