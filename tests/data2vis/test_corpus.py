"""The training corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data2vis import corpus, schemas, source
from data2vis.effectiveness import score
from data2vis.grammar import Grammar, random_walk
from data2vis.spec import Chart, from_text
from data2vis.table import Table, TableError

_PAIRS = 500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    corpus.write(folder, _PAIRS, seed=1, jobs=1)
    return folder


def _lines(folder: Path) -> list[dict[str, object]]:
    return [line for split in corpus.SPLITS for line in corpus.read(folder / f"{split}.jsonl.gz")]


def test_counts(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    assert sum(manifest["pairs"].values()) >= _PAIRS
    for split in corpus.SPLITS:
        lines = list(corpus.read(made / f"{split}.jsonl.gz"))
        assert [line["table"] for line in lines] == manifest["tables"][split]
        assert sum(len(line["targets"]) for line in lines) == manifest["pairs"][split]
    assert manifest["vocabulary"]["source"] == len(source.VOCABULARY)


def test_the_same_seed_makes_the_same_files(made: Path, tmp_path: Path) -> None:
    again = corpus.write(tmp_path, _PAIRS, seed=1, jobs=2)
    assert again.sha256 == json.loads((made / "manifest.json").read_text())["sha256"]
    for split in corpus.SPLITS:
        name = f"{split}.jsonl.gz"
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_pairs_are_charts_at_both_levels(made: Path) -> None:
    count = 0
    for split in corpus.SPLITS:
        path = made / f"{split}.jsonl.gz"
        tokens, characters = list(corpus.pairs(path)), list(corpus.pairs(path, characters=True))
        assert len(tokens) == len(characters)
        for (words, target), (row, text) in zip(tokens, characters):
            chart = Chart.from_tokens(target)
            assert from_text(text) == chart
            assert " ".join(chart.tokens()) == target
            assert set(words.split()) <= set(source.VOCABULARY)
            assert set(chart.fields) <= set(json.loads(row))
            assert set(chart.fields) <= set(words.split())
            count += 1
    assert count >= _PAIRS


def test_a_tables_charts_differ(made: Path) -> None:
    for line in _lines(made):
        targets = [target for target, _ in line["targets"]]  # type: ignore[attr-defined]
        assert len(targets) == len(set(targets))


def test_good_charts_are_more_frequent() -> None:
    frame = schemas.synthesize("hospital", np.random.default_rng(5))
    table = Table(frame)
    grammar, random = Grammar(table.profile), np.random.default_rng(0)
    chosen = [points for _, points in corpus.charts(table, random)]
    walks = [Chart.from_ids(random_walk(grammar, random).ids) for _ in range(200)]
    assert np.mean(chosen) > np.mean([score(c, table.profile)[0] for c in walks]) + 1


def test_families_are_in_one_split_each() -> None:
    families = [*corpus._families(), *schemas.DOMAINS]
    assert len(families) == len(set(families))
    splits = {family: corpus._split_of(family) for family in families}
    assert set(corpus._families()) >= corpus._REAL_TEST | corpus._REAL_VALIDATION
    assert set(schemas.HELD_OUT) <= set(schemas.DOMAINS)
    for split in corpus.SPLITS:
        assert any(s == split for f, s in splits.items() if f in schemas.DOMAINS)
        assert any(s == split for f, s in splits.items() if f not in schemas.DOMAINS)


@pytest.mark.parametrize("domain", schemas.DOMAINS)
def test_synthetic_tables(domain: str) -> None:
    for seed in range(6):
        frame = schemas.synthesize(domain, np.random.default_rng(seed))
        again = schemas.synthesize(domain, np.random.default_rng(seed))
        pd.testing.assert_frame_equal(frame, again)
        try:
            profile = Table(frame).profile
        except TableError as error:
            pytest.fail(f"{domain} {seed}: {error}")
        assert profile.usable
