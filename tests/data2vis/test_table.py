"""Kinds, profiles, names and pointers."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data2vis.spec import POINTERS, Chart
from data2vis.table import Table, TableError, escape, fields, unescape
from tests.data2vis.hostile import TABLES


def _table(**columns: list[Any]) -> Table:
    return Table(pd.DataFrame({name: pd.Series(values) for name, values in columns.items()}))


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        ([1, 2, 3], "num", 1),
        ([1.5, None, 2.0], "num", 1.5),
        (["1,200", "3,400.5", "7"], "num", 1200),
        (["$5", "$7.25", "-$1"], "num", 5),
        (["12%", "7.5%"], "num", 12),
        (["a", "b", None], "str", "a"),
        ([True, False], "str", "True"),
        (["01234", "99999"], "str", "01234"),
        (["2020-01-31", "2021-02-01"], "dt", "2020-01-31T00:00:00"),
        (["31.01.2020", "01.02.2020"], "dt", "2020-01-31T00:00:00"),
        (["01/31/2020", "02/01/2020"], "dt", "2020-01-31T00:00:00"),
        (["13/01/2020", "02/01/2020"], "dt", "2020-01-13T00:00:00"),
        (["Jan 5, 2020", "Mar 7, 2020"], "dt", "2020-01-05T00:00:00"),
        (["2020-01-01 10:30", "2020-01-01 11:45"], "dt", "2020-01-01T10:30:00"),
        ([datetime.date(2020, 1, 2), None], "dt", "2020-01-02T00:00:00"),
        (list(pd.date_range("2020-01-01", periods=2, tz="Asia/Tokyo")), "dt", "2020-01-01T00:00:00"),
        (list(pd.to_timedelta([1, 2], unit="min")), "num", 60),
        (["may", "june", "april"], "str", "may"),
        (["1-2", "3-4"], "str", "1-2"),
        ([{"nested": 1}, {"nested": 2}], "str", "{'nested': 1}"),
        ([None, None], "str", None),
    ],
    ids=str,
)  # fmt: skip
def test_kinds(values: list[Any], kind: str, first: Any) -> None:
    table = _table(x=[*values], other=list(range(len(values))))
    assert table.profile.columns[0].kind == kind
    assert table.rows()[0]["x"] == first


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("year", [1990, 1991], "dt"),
        ("birthYear", [1990, 1991], "dt"),
        ("FISCAL_YEAR", [1990.0, None], "dt"),
        ("years", [3, 4], "num"),
        ("yearly", [1990, 1991], "num"),
        ("price", [1990, 1991], "num"),
    ],
)
def test_years(name: str, values: list[Any], kind: str) -> None:
    assert _table(**{name: values}).profile.columns[0].kind == kind


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2], "str", ["1", "2"]),
        ([1.0, 2.5], "str", ["1", "2.5"]),
        ([1999, 2001], "dt", ["1999-01-01T00:00:00", "2001-01-01T00:00:00"]),
        ([86_400, 0], "dt", ["1970-01-02T00:00:00", "1970-01-01T00:00:00"]),
        (["3", "x"], "num", [3, None]),
        (["$3", "£4.5"], "num", [3, 4.5]),
    ],
)
def test_overridden_kinds(values: list[Any], kind: str, expected: list[Any]) -> None:
    table = Table(pd.DataFrame({"x": values, "y": ["a", "b"]}), types={"x": kind})
    assert [row["x"] for row in table.rows()] == expected


def test_profile() -> None:
    table = _table(
        i=list(range(10)), n=[0, 0, 0, 1, 2, -3, None, 5, 5, 5.5], s=list("aaaabbbbcc"),
        d=pd.date_range("2020-01-01", periods=10, freq="MS").tolist(),
    )  # fmt: skip
    i, n, s, d = table.profile.columns
    assert (i.pointer, n.pointer, s.pointer, d.pointer) == ("num0", "num1", "str0", "dt0")
    assert i.is_index
    assert i.is_unique
    assert (n.nulls, n.distinct, n.minimum, n.maximum, n.integer) == (1, 6, -3, 5.5, False)
    assert n.is_signed
    assert n.zeros == pytest.approx(1 / 3)
    assert (s.distinct, s.level, s.is_sparse, s.samples) == (3, "few", False, ("a", "b", "c"))
    assert d.units == "M"


def test_names_that_vega_lite_cannot_carry_are_changed_and_stay_different() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4, 5, 6]], columns=["a", "a", "", 'b"', "toString", "c\nd"])
    names = list(Table(frame).frame.columns)
    assert names == ["a", "a (2)", "column 3", "b\N{DOUBLE PRIME}", "toString_", "c d"]


@pytest.mark.parametrize("name", TABLES)
def test_every_usable_column_has_a_pointer_of_its_own(name: str) -> None:
    table = Table(TABLES[name], name)
    usable = table.profile.usable
    assert {c.pointer for c in usable} <= set(POINTERS)
    for column in usable:
        assert table.column(str(column.pointer)) == column.name
        assert table.pointer(column.name) == column.pointer
    assert set(json.loads(table.row_text(0))) == {c.pointer for c in usable}


def test_names_are_mapped_not_replaced() -> None:
    table = _table(Sex=["m", "f"], SexCode=["1a", "2b"], num0=[1, 2])
    chart = Chart.from_tokens("bar x str1 y mean num0 color str0")
    spec = table.restore(chart.spec())
    found = [spec["encoding"][channel]["field"] for channel in ("x", "y", "color")]
    assert found == ["SexCode", "num0", "Sex"]
    assert Chart.from_spec(table.normalise(spec)) == chart


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_any_names_come_back(names: list[str]) -> None:
    frame = pd.DataFrame([range(len(names))] * 2)
    frame.columns = pd.Index(names)
    table = Table(frame, types={})
    for column in table.profile.usable:
        spec = {"encoding": {"x": {"field": column.pointer}, "y": [{"field": column.pointer}]}}
        assert table.normalise(table.restore(spec)) == spec
        assert fields(table.restore(spec)) == [column.name] * 2


@given(st.text())
def test_escaped_names_come_back(name: str) -> None:
    if "\\" not in name:
        assert unescape(escape(name)) == name


def test_data_is_never_renamed() -> None:
    table = _table(a=[1, 2])
    spec = {"data": {"values": [{"field": "num0"}]}, "encoding": {"x": {"field": "num0"}}}
    restored = table.restore(spec)
    assert restored == {"data": spec["data"], "encoding": {"x": {"field": "a"}}}


def test_whole_specification_has_the_columns_it_needs() -> None:
    table = _table(a=[1, 2], b=["x", "y"], c=[3, None])
    spec = table.spec(Chart.from_tokens("point x num0 y num1"))
    assert spec["data"]["values"] == [{"a": 1, "c": 3}, {"a": 2, "c": None}]
    assert spec["$schema"].endswith("v5.20.1.json")
    counted = table.spec(Chart.from_tokens("bar x count"))
    assert counted["data"]["values"] == [{}, {}]


@pytest.mark.parametrize(
    ("frame", "types", "message"),
    [
        (pd.DataFrame({"a": []}), {}, "no rows"),
        (pd.DataFrame(index=[0, 1]), {}, "no columns"),
        (pd.DataFrame({"a": [None, None]}), {}, "no column with values"),
        (pd.DataFrame({"a": [1]}), {"b": "num"}, "no column 'b'"),
        (pd.DataFrame({"a": [1]}), {"a": "geo"}, "cannot be 'geo'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_tables_without_charts(frame: pd.DataFrame, types: dict[str, str], message: str) -> None:
    with pytest.raises(TableError, match=message):
        Table(frame, types=types)


def test_unknown_columns_are_named() -> None:
    with pytest.raises(TableError, match="no column num7"):
        _table(a=[1, 2]).column("num7")
    with pytest.raises(TableError, match="no column 'z'"):
        _table(a=[1, 2]).pointer("z")


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("line x dt0 y num0", True),
        ("line x dt0 y num0 color str0", True),
        ("line x dt0 y num0 color str1", False),
        ("line x year dt0 y count", False),
        ("line x month dt0 y count", True),
        ("line x yearmonth dt0 y count", True),
        ("line x yearquarter dt0 y count", False),
        ("line x yearmonthdate dt0 y count row str0", True),
        ("line x day dt0 y count column str1", False),
        ("area x bin num0 y count", True),
        ("point x num0 y num1", False),
        ("bar x count", True),
        ("bar x str1 y count", True),
    ],
)
def test_whether_rows_give_a_chart_something_to_show(tokens: str, expected: bool) -> None:
    table = _table(
        d=["2020-01-01", "2020-01-02", "2020-02-03", "2020-02-04"], n=[1.5, 2.5, 3.5, None],
        two=list("xxyy"), own=list("abcd"), other=[None, None, None, 1.0],
    )  # fmt: skip
    assert table.draws(Chart.from_tokens(tokens)) is expected
