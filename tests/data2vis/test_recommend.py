"""Recommendations of the network that ships."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import data2vis
from data2vis import cli, measure
from data2vis.config import ConfigError
from data2vis.effectiveness import Reason
from data2vis.evaluate import check
from data2vis.grammar import Grammar
from data2vis.rank import Candidate, candidates, choose
from data2vis.recommend import Recommendation, Recommender
from data2vis.spec import Chart
from data2vis.table import Table, TableError
from data2vis.trained import Options, shipped
from tests.data2vis.hostile import TABLES
from tests.data2vis.networks import small, table, untrained


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return data2vis.Recommender()


def test_weights_ship_with_their_record() -> None:
    record = Options.read(shipped()).record
    assert len(record["corpus_manifest_sha256"]) == 64
    assert record["log_perplexity_unseen_tables"] < 2.0
    assert sum(path.stat().st_size for path in shipped().iterdir()) < 4_000_000


def test_fifteen_different_charts(recommender: Recommender) -> None:
    found = recommender.recommend(table(), count=15)
    assert len({each.chart for each in found}) == 15
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)
    assert len({each.chart.view for each in found}) >= 11
    assert len({each.chart.mark for each in found}) >= 4
    assert {p for each in found for p in each.chart.fields} == set(table().profile.by_pointer)
    assert all(each.reason for each in found)
    assert found[0].effectiveness > 2.5
    for each in found:
        result = check(each.spec, table())
        assert result.renders, result
        assert not result.is_empty
    assert len(recommender.recommend(table(), count=4)) == 4


@pytest.mark.parametrize("name", TABLES)
def test_hostile_tables(recommender: Recommender, name: str) -> None:
    hostile = Table(TABLES[name], name)
    grammar = Grammar(hostile.profile)
    found = recommender.recommend(hostile)
    assert found or not any(
        hostile.draws(Chart.from_ids(h.ids)) for h in recommender.hypotheses(hostile.profile)
    )
    assert all(grammar.accepts(each.chart.tokens()) for each in found)
    assert len({each.chart for each in found}) == len(found)


def test_threads_get_the_same(recommender: Recommender) -> None:
    tables = [table(), Table(TABLES["names"]), Table(TABLES["nulls"])] * 2
    alone = [[e.chart for e in recommender.recommend(t)] for t in tables]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(recommender.recommend, tables))
    assert [[e.chart for e in found] for found in together] == alone


def test_choose_prefers_what_is_new() -> None:
    profile = table().profile
    tokens = (
        "bar x str0 y mean num0", "bar x str0 y mean num0 color count", "bar x str0 y max num0",
        "point x num0 y num1", "tick x num1",
    )  # fmt: skip
    found = candidates([(Chart.from_tokens(t), -3.0) for t in tokens], profile)
    assert [c.rank for c in found] == sorted((c.rank for c in found), reverse=True)
    chosen = choose(found, 3, profile)
    assert len({c.chart.mark for c in chosen}) == 3
    assert chosen[0] == found[0]
    refused = found[0].chart
    assert refused not in [c.chart for c in choose(found, 5, profile, lambda c: c != refused)]


def test_reasons_in_words() -> None:
    chart = Chart.from_tokens("bar x count")
    good, bad = Reason("a", 2.0, "good at this"), Reason("b", -1.0, "slow to read")
    assert Recommendation(table(), chart, 0.0, 0.0, 0.0, (good, bad)).reason == "good at this"
    assert Recommendation(table(), chart, 0.0, 0.0, 0.0, (bad,)).reason == "but slow to read"
    assert Recommendation(table(), chart, 0.0, 0.0, 0.0, ()).reason == "a plain view"
    assert Candidate(chart, -2.0, 1.0, ()).rank < 1.0


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tables" / "things.csv"
    file.parent.mkdir()
    table().frame.to_csv(file, index=False)
    cli.main(["suggest", str(file), "-k", "3", "-o", str(tmp_path / "out"), "--svg"])
    assert "3 charts in" in capsys.readouterr().out
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert [entry["file"] for entry in index] == ["01.json", "02.json", "03.json"]
    assert "$schema" in json.loads((tmp_path / "out" / "01.json").read_text())
    assert (tmp_path / "out" / "03.svg").read_text().startswith("<svg")
    cli.main(["suggest", str(file), "--count", "2", "--output", "-", "--type", "price=str"])
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2
    assert {"score", "reason", "reasons", "spec", "tokens"} <= set(found[0])
    pytest.importorskip("draco")
    cli.main(["evaluate", "--tables", str(file.parent), "--count", "5", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["renders"] == 1.0
    assert figures["distinct_charts"] == 5
    assert figures["top_without_hard_violations"] == 1.0
    assert "raw grammatical" in measure.text(figures)


def test_a_network_of_characters_does_not_recommend(tmp_path: Path) -> None:
    untrained(tmp_path / "n", small())
    options = Options.read(tmp_path / "n")
    Options(small(level="character"), options.source, options.target, {}).write(tmp_path / "n")
    with pytest.raises(ConfigError):
        Recommender(tmp_path / "n")


def test_marks_and_fields_that_are_wanted(recommender: Recommender) -> None:
    found = recommender.recommend(table(), 6, ["line", "bar"], ["size", "kind"])
    assert len(found) == 6
    for each in found:
        assert each.chart.mark in ("line", "bar")
        assert {table().pointer("size"), table().pointer("kind")} <= set(each.chart.fields)
    with pytest.raises(TableError):
        recommender.recommend(table(), fields=["nothing"])


def test_similar_charts(recommender: Recommender) -> None:
    chart = Chart.from_tokens("bar x str0 y mean num0")
    found = [each.chart for each in recommender.similar(table(), chart, 8)]
    assert len(set(found)) == 8
    assert chart not in found
    grammar = Grammar(table().profile)
    assert all(grammar.accepts(each.tokens()) for each in found)
    assert sum(set(each.fields) == set(chart.fields) for each in found[:4]) >= 2
    assert recommender.similar(table(), Chart.from_tokens("bar x count"), 2)
