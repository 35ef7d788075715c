"""What the automaton allows: everything that it writes is a good chart of the table."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data2vis.evaluate import evaluate
from data2vis.grammar import MAX_ENCODINGS, Grammar, allowed, class_of, random_walk
from data2vis.spec import IDS, MARKS, VOCABULARY, Chart, SpecError, kind_of
from data2vis.table import Profile, Table, TableError
from tests.data2vis.hostile import TABLES


@cache
def _table(name: str) -> Table:
    return Table(TABLES[name], name)


@cache
def _plain() -> Profile:
    rows = 120
    numbers = np.random.default_rng(0).normal(size=rows)
    frame = pd.DataFrame({
        "signed": numbers, "positive": np.exp(numbers), "count": np.arange(rows) % 5,
        "few": [f"f{i % 4}" for i in range(rows)], "some": [f"s{i % 15}" for i in range(rows)],
        "many": [f"m{i % 45}" for i in range(rows)], "key": [f"k{i}" for i in range(rows)],
        "day": pd.date_range("2019-12-01", periods=rows, freq="D"),
        "year": [f"{1900 + i}-01-01" for i in range(rows)],
    })  # fmt: skip
    return Table(frame).profile


def _walks(table: Table, count: int, seed: int = 0) -> list[tuple[int, ...]]:
    grammar, random = Grammar(table.profile), np.random.default_rng(seed)
    return list(dict.fromkeys(random_walk(grammar, random).ids for _ in range(count)))


def test_classes() -> None:
    assert [class_of(c) for c in _plain().columns] == [
        "num:more-", "num:more+", "num:few0", "str:few", "str:some", "str:many", "str:more!",
        "dt:YMD", "dt:Y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prefix", "yes", "no"),
    [
        ("", "bar line area point circle tick rect boxplot rule text arc", "x num0 <end> <pad>"),
        ("bar", "x", "y color shape theta text row <end>"),
        ("bar x", "count mean distinct bin ordinal sort:-y str0 str2 year",
         "num0 num2 str3 dt0 stack:center x"),
        ("bar x bin", "num0 num1", "num2 str0 dt0"),
        ("bar x ordinal", "num2", "num0 num1"),
        ("bar x str0", "y", "<end> color row"),
        ("bar x str0 y", "count mean sum stack:normalize", "num0 str1 bin"),
        ("bar x str0 y mean", "num0 num1 num2", "str0 str1 dt0"),
        ("bar x str0 y mean num0", "<end> color row", "x y size shape"),
        ("bar x str0 y mean num0 color", "mean", "str1 ordinal"),
        ("bar x str0 y sum num1 color", "str1 ordinal month", "str0 str2 str3 num0"),
        ("bar x str0 y sum num0 color", "mean", "str1"),
        ("bar x str0 y count color", "mean str1", "count"),
        ("bar x sort:-y", "str0 str1 str2", "num2 dt0 ordinal bin"),
        ("bar x sort:-y str0", "y", "<end>"),
        ("bar x str0 y stack:normalize sum num1", "color", "<end> row column"),
        ("line x dt0 y num0", "<end> color", "size shape"),
        ("line x", "dt0 dt1 year bin ordinal", "str0 num0 count"),
        ("area x dt0 y num0", "<end> row", "color"),
        ("point x num0 y num1", "<end> color size shape row column", "text theta"),
        ("point x num0 y num1 size", "num2", "num0 num1 mean count"),
        ("point x mean num0 y mean num1", "color shape", "<end>"),
        ("point x num0 y num1 shape", "str0", "str1 ordinal"),
        ("rect x str0 y str1", "color", "<end>"),
        ("arc theta", "count sum", "num0 mean num1"),
        ("arc theta sum", "num1 num2", "num0"),
        ("arc theta count", "color", "<end>"),
        ("text x num0 y num1", "text", "<end> size"),
        ("text x num0 y num1 text", "str3 str0 num2", "dt0 count"),
        ("point x num0 y num1 column", "str0 ordinal", "str1 num2 month day"),
        ("point x num0 row", "", ""),
    ],
    ids=lambda value: value.replace(" ", "_")[:40] or "start",
)  # fmt: skip
def test_what_may_follow(prefix: str, yes: str, no: str) -> None:
    if prefix == "point x num0 row":
        with pytest.raises(SpecError, match="'row' cannot follow"):
            allowed(prefix, _plain())
        return
    found = allowed(prefix, _plain())
    assert set(yes.split()) <= found
    assert not set(no.split()) & found


def test_a_prefix_is_allowed_only_if_the_table_can_finish_it() -> None:
    number = Table(pd.DataFrame({"n": np.linspace(-1, 1, 30)})).profile
    assert allowed([], number) >= {"bar", "tick", "boxplot"}
    assert not allowed([], number) & {"arc", "rect", "text"}
    text = Table(pd.DataFrame({"t": list("aabb")})).profile
    assert not allowed([], text) & {"line", "tick", "boxplot"}
    assert allowed(["bar", "x", "str0", "y"], text) >= {"count"}
    assert not allowed(["bar", "x", "str0", "y"], text) & {"mean", "stack:normalize"}


@pytest.mark.parametrize("name", TABLES)
def test_every_walk_is_a_chart_of_existing_columns(name: str) -> None:
    table = _table(name)
    grammar = Grammar(table.profile)
    for ids in _walks(table, 300):
        chart = Chart.from_ids(ids)
        assert tuple(chart.ids()) == ids
        assert Chart.from_spec(chart.spec()) == chart
        assert set(chart.fields) <= set(table.profile.by_pointer)
        assert len(set(chart.fields)) == len(chart.fields)
        assert len(chart.encodings) <= MAX_ENCODINGS
        assert grammar.accepts(chart.tokens())
        for e in chart.encodings:
            if e.aggregate in ("sum", "mean", "median", "min", "max"):
                assert kind_of(str(e.field)) == "num"


@pytest.mark.parametrize("name", TABLES)
def test_every_chart_is_valid_renders_without_warning_and_draws(name: str) -> None:
    table = _table(name)
    charts = [Chart.from_ids(ids) for ids in _walks(table, 14, seed=3)]
    drawing = [chart for chart in charts if table.draws(chart)]
    assert len(drawing) >= 0.8 * len(charts)
    report = evaluate([(table, [table.spec(chart) for chart in drawing])])
    assert not [(check.spec, check) for _, check in report.failures()]


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.integers(-3, 3), st.floats(allow_nan=True), st.text(max_size=3)),
            min_size=4, max_size=4,
        ),
        min_size=1, max_size=6,
    ).filter(lambda columns: any(v is not None and v == v for c in columns for v in c)),
    st.integers(0, 2**32),
)  # fmt: skip
def test_any_table_has_charts(columns: list[list[object]], seed: int) -> None:
    frame = pd.DataFrame({f"c{i}": pd.Series(c, dtype=object) for i, c in enumerate(columns)})
    try:
        table = Table(frame)
    except TableError:  # texts of spaces, infinite numbers: no values at all
        return
    for ids in _walks(table, 5, seed):
        assert Chart.from_spec(table.normalise(table.restore(Chart.from_ids(ids).spec())))


def test_all_marks_and_words_are_reached() -> None:
    grammar, random = Grammar(_plain()), np.random.default_rng(0)
    seen: set[int] = set()
    for _ in range(4000):
        seen.update(random_walk(grammar, random).ids)
    words = {word for word in VOCABULARY if word[-1] not in "0123456789"} - {"<pad>", "<start>"}
    assert {VOCABULARY[i] for i in seen} >= words - {"hours"}
    assert set(MARKS) <= {VOCABULARY[i] for i in seen}


def test_masks_of_a_batch() -> None:
    grammar = Grammar(_plain())
    done = grammar.read("bar x bin num0 y count <end>")
    masks = grammar.masks([grammar.start, done])
    assert masks.shape == (2, len(VOCABULARY))
    assert masks[0].sum() == len(MARKS)
    assert np.flatnonzero(masks[1]).tolist() == [IDS["<end>"]]
    assert done.done
    with pytest.raises(SpecError):
        grammar.advance(done, IDS["<end>"])


def test_masks_do_not_leak_from_one_walk_to_another() -> None:
    grammar = Grammar(_plain())
    one = grammar.read("point x num0 y")
    assert not grammar.mask(one)[IDS["num0"]]
    assert grammar.mask(grammar.read("point x num1 y"))[IDS["num0"]]


@pytest.mark.parametrize(
    "tokens",
    ["", "bar", "bar x str9 y count", "bar x str0 y num0", "x x x", "bar x str0 y count nonsense"],
)
def test_what_is_no_chart_is_not_accepted(tokens: str) -> None:
    assert not Grammar(_plain()).accepts(tokens)
