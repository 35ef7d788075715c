"""The corpus as padded batches of ids: few different shapes, the same for the same seed.

A group is a source with its targets: a table with its charts at token level, a row of a table with
a share of them at character level. A batch has some sources of about the same length, and of each
as many targets of about the same length; `Model` reads a source once for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from data2vis import corpus, source, spec
from data2vis.config import Config
from data2vis.spec import KINDS, MAX_POINTERS, POINTERS, Chart
from data2vis.vocabulary import PAD_ID, SOURCE, START_ID, TARGET, Vocabulary, of_characters

# Of every so manieth source every so manieth target is kept for evaluation on seen tables.
_HELD_SOURCES: Final = 12
_HELD_TARGETS: Final = 4
# How often the columns get any of the 40 numbers of a kind, so that the network learns to copy
# those that narrow tables do not have; else the numbers from 0 up, as in use.
_ANY_NUMBERS: Final = 0.3

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Group:
    """A source and its targets, as ids; `<end>` is their last."""

    source: Ids
    targets: tuple[Ids, ...]


class Batch(NamedTuple):
    """What `Model`'s placeholders of the same names are fed."""

    source: Ids
    source_lengths: Ids
    target: Ids
    target_lengths: Ids

    @property
    def pairs(self) -> int:
        """Targets that are no padding."""
        return int((self.target_lengths > 0).sum())


def vocabularies(folder: Path, config: Config) -> tuple[Vocabulary, Vocabulary]:
    """Those of the sources and the targets; characters are those of the training split."""
    if config.level == "token":
        return SOURCE, TARGET
    sources: set[str] = set()
    targets: set[str] = set()
    for row, target in corpus.pairs(folder / "train.jsonl.gz", characters=True):
        sources.update(row)
        targets.update(target)
    if config["embedding.share"]:
        sources = targets = sources | targets
    return of_characters(sources), of_characters(targets)


def read(
    path: Path, config: Config, sources: Vocabulary, targets: Vocabulary, limit: int | None = None
) -> list[Group]:
    """The groups of a split's file, or of its first `limit` tables."""
    longest_source, longest = config["source.max_seq_len"], config["target.max_seq_len"]
    found = []
    for number, line in enumerate(corpus.read(path)):
        if limit is not None and number >= limit:
            break
        for text, charts in texts(line, config.level):
            ids = [np.array(targets.ids(chart)[:longest], np.int32) for chart in charts]
            if ids:
                found.append(
                    Group(np.array(sources.ids(text)[:longest_source], np.int32), tuple(ids))
                )
    return found


def texts(line: Mapping[str, Any], level: str) -> list[tuple[str, list[str]]]:
    """The sources of a table in the corpus, and the targets of each."""
    charts = [target for target, _ in line["targets"]]
    if level == "token":
        return [(line["source"], charts)]
    rows = line["rows"]
    return [
        (row, [Chart.from_tokens(chart).text() for chart in charts[number :: len(rows)]])
        for number, row in enumerate(rows)
    ]


def hold_out(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """The groups without some targets of some of them, and these: unseen charts of seen tables."""
    kept, held = [], []
    for number, group in enumerate(groups):
        if number % _HELD_SOURCES or len(group.targets) < _HELD_TARGETS:
            kept.append(group)
            continue
        held.append(Group(group.source, group.targets[::_HELD_TARGETS]))
        rest = [t for i, t in enumerate(group.targets) if i % _HELD_TARGETS]
        kept.append(Group(group.source, tuple(rest)))
    return kept, held


# --- columns ---------------------------------------------------------------------------------

_SOURCE_POINTERS: Final = source.IDS[POINTERS[0]]
_TARGET_POINTERS: Final = spec.IDS[POINTERS[0]]


def permuted(group: Group, random: np.random.Generator) -> Group:
    """The same table with its columns in another order, under other pointers."""
    ids = group.source
    starts = np.flatnonzero(ids >= _SOURCE_POINTERS)
    if not len(starts):
        return group
    end = len(ids) - 1 if ids[-1] == source.IDS[spec.END] else len(ids)
    columns = np.split(ids[:end], starts)
    head, columns = columns[0], columns[1:]
    order = random.permutation(len(columns))
    new = np.arange(len(POINTERS))
    any_numbers = random.random() < _ANY_NUMBERS
    for kind in range(len(KINDS)):
        old = [int(columns[i][0]) - _SOURCE_POINTERS for i in order]
        old = [pointer for pointer in old if pointer // MAX_POINTERS == kind]
        numbers = np.arange(len(old))
        if any_numbers:
            numbers = np.sort(random.choice(MAX_POINTERS, len(old), replace=False))
        new[old] = kind * MAX_POINTERS + numbers
    mapped = np.concatenate([head, *(columns[i] for i in order), ids[end:]])
    targets = tuple(_renamed(t, new, _TARGET_POINTERS) for t in group.targets)
    return Group(_renamed(mapped, new, _SOURCE_POINTERS), targets)


def _renamed(ids: Ids, new: npt.NDArray[np.int64], first: int) -> Ids:
    found = ids.copy()
    places = ids >= first
    found[places] = first + new[ids[places] - first]
    return found


# --- batches -----------------------------------------------------------------------------------


def boundaries(text: str, longest: int) -> list[int]:
    """The lengths that sequences are padded to: of `"24, 48"` and the longest that there are."""
    found = {int(part) for part in text.split(",") if part.strip()}
    return [*sorted(length for length in found if length < longest), longest]


def _bucket(length: int, limits: Sequence[int]) -> int:
    return next(limit for limit in limits if length <= limit)


def batches(
    groups: Sequence[Group], config: Config, random: np.random.Generator | None = None
) -> Iterator[Batch]:
    """All pairs once, in an order drawn at random; without `random` in their own order.

    What does not fill a batch is filled up: in training (`random` given) with other sources of
    about the same length, else with targets of no length.
    """
    sources = boundaries(config.buckets, config["source.max_seq_len"])
    targets = boundaries(config.target_buckets, config["target.max_seq_len"])
    chunks: dict[tuple[int, int], list[Group]] = defaultdict(list)
    for group in groups:
        if random is not None and config.permute_columns:
            group = permuted(group, random)
        for chunk in _chunks(group, config.targets_per_source, targets, random):
            longest = max(len(target) for target in chunk.targets)
            chunks[_bucket(len(group.source), sources), _bucket(longest, targets)].append(chunk)
    size = config.batch_size // config.targets_per_source
    ready = []
    for shape, found in sorted(chunks.items()):
        if random is not None:
            random.shuffle(found)  # type: ignore[arg-type]
            found += [found[int(i)] for i in random.integers(len(found), size=-len(found) % size)]
        ready += [(shape, found[i : i + size]) for i in range(0, len(found), size)]
    if random is not None:
        random.shuffle(ready)  # type: ignore[arg-type]
    for shape, chosen in ready:
        yield _padded(chosen, *shape, size, config.targets_per_source)


def _chunks(
    group: Group, size: int, limits: Sequence[int], random: np.random.Generator | None
) -> Iterator[Group]:
    """The group in pieces of so many targets, those of about the same length together."""
    targets = list(group.targets)
    if random is not None:
        targets = [targets[int(i)] for i in random.permutation(len(targets))]
    targets.sort(key=lambda target: -_bucket(len(target), limits))
    for start in range(0, len(targets), size):
        yield Group(group.source, tuple(targets[start : start + size]))


def _padded(chosen: Sequence[Group], time: int, target_time: int, size: int, each: int) -> Batch:
    batch = Batch(
        np.full([size, time], PAD_ID, np.int32),
        np.ones([size], np.int32),
        np.full([size * each, target_time + 1], PAD_ID, np.int32),
        np.zeros([size * each], np.int32),
    )
    for i, group in enumerate(chosen):
        batch.source[i, : len(group.source)] = group.source
        batch.source_lengths[i] = len(group.source)
        for k, target in enumerate(group.targets):
            row = i * each + k
            batch.target[row, 0] = START_ID
            batch.target[row, 1 : len(target) + 1] = target
            batch.target_lengths[row] = len(target) + 1
    return batch
