"""Batches: shapes, order, columns under other pointers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data2vis import batches
from data2vis.batches import Group, hold_out, permuted
from data2vis.vocabulary import SOURCE, TARGET
from tests.data2vis.networks import small, small_corpus


def _group(source: str, *targets: str) -> Group:
    ids = tuple(np.array(TARGET.ids(target), np.int32) for target in targets)
    return Group(np.array(SOURCE.ids(source), np.int32), ids)


_GROUP = _group(
    "rows:1000 num0 more integer num1 few str0 some dt0 years",
    "point x num0 y num1", "bar x str0 y mean num1", "line x year dt0 y count",
)  # fmt: skip


def test_columns_keep_what_is_said_of_them() -> None:
    said = {"more integer": "num0", "few": "num1", "some": "str0", "years": "dt0"}
    highest = 0
    for seed in range(40):
        found = permuted(_GROUP, np.random.default_rng(seed))
        words = SOURCE.words(found.source)
        assert words[0] == "rows:1000"
        assert len(words) == 10
        new = {}
        text = " ".join(words)
        for words_of, old in said.items():
            before = text.split(f" {words_of}")[0] if words_of != "few" else None
            if before is not None:
                new[old] = before.split()[-1]
        new["num1"] = next(w for w in words if w.startswith("num") and w != new["num0"])
        assert {old[:2] for old in new} == {pointer[:2] for pointer in new.values()}
        assert TARGET.text(found.targets[0]) == f"point x {new['num0']} y {new['num1']}"
        assert TARGET.text(found.targets[2]) == f"line x year {new['dt0']} y count"
        highest = max(highest, *(int(w.strip("numstrd")) for w in new.values()))
    assert highest > 20  # now and then any number


def test_no_columns_no_change() -> None:
    group = _group("rows:5", "bar x count")
    assert permuted(group, np.random.default_rng(0)) is group


def test_every_pair_once_without_training() -> None:
    config = small(buckets="8", target_buckets="5")
    groups = [_GROUP] * 5
    found = list(batches.batches(groups, config))
    assert sum(batch.pairs for batch in found) == 15
    for batch in found:
        assert batch.source.shape[0] == 4
        assert batch.target.shape[0] == 16
        assert batch.target.shape[1] in (6, 17)
        assert (batch.target_lengths <= batch.target.shape[1]).all()


def test_training_fills_up_and_is_the_same_for_a_seed() -> None:
    config = small(permute_columns=True)
    groups = [_GROUP] * 5
    first, again, other = (
        list(batches.batches(groups, config, np.random.default_rng(seed))) for seed in (1, 1, 2)
    )
    assert sum(batch.pairs for batch in first) == 24  # eight sources for two batches
    for a, b in zip(first, again, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b))
    assert any(not np.array_equal(a.source, b.source) for a, b in zip(first, other))


def test_held_out_targets_are_not_trained_on() -> None:
    kept, held = hold_out([_group("rows:5 num0 one", *["bar x count"] * 8), _GROUP] * 12)
    assert [len(group.targets) for group in held] == [2, 2]
    assert sum(len(g.targets) for g in (*kept, *held)) == 12 * 11


@pytest.mark.parametrize("level", ["token", "character"])
def test_the_corpus_is_read(level: str, tmp_path: Path) -> None:
    folder = small_corpus(tmp_path / "corpus")
    config = small(level=level, source__max_seq_len=300, target__max_seq_len=400)
    sources, targets = batches.vocabularies(folder, config)
    groups = batches.read(folder / "train.jsonl.gz", config, sources, targets)
    assert len(groups) >= 6
    text = targets.text(groups[0].targets[0])
    assert text.startswith(
        '{"mark":"'
        if level == "character"
        else ("bar", "li", "po", "ti", "ci", "bo", "ar", "re", "ru", "te")
    )
    assert targets.ids(text) == groups[0].targets[0].tolist()
    assert len(batches.read(folder / "train.jsonl.gz", config, sources, targets, limit=1)) < 6
