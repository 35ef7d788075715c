"""Charts as tokens, specifications and text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from data2vis.spec import IDS, VOCABULARY, Chart, Encoding, SpecError, from_text

_Q = {"field": "num0", "type": "quantitative"}
_CASES: dict[str, dict[str, Any]] = {
    "point x num0 y num1": {"x": _Q, "y": {"field": "num1", "type": "quantitative"}},
    "bar x sort:-y str0 y mean num0 color str1": {
        "x": {"field": "str0", "type": "nominal", "sort": "-y"},
        "y": _Q | {"aggregate": "mean"},
        "color": {"field": "str1", "type": "nominal"},
    },
    "bar x bin num0 y count": {
        "x": _Q | {"bin": True},
        "y": {"aggregate": "count", "type": "quantitative"},
    },
    "area x yearmonth dt0 y stack:normalize sum num0 color ordinal num1": {
        "x": {"field": "dt0", "type": "temporal", "timeUnit": "yearmonth"},
        "y": _Q | {"aggregate": "sum", "stack": "normalize"},
        "color": {"field": "num1", "type": "ordinal"},
    },
    "text x month dt0 y num0 text str2 row str0": {
        "x": {"field": "dt0", "type": "ordinal", "timeUnit": "month"},
        "y": _Q,
        "text": {"field": "str2", "type": "nominal"},
        "row": {"field": "str0", "type": "nominal"},
    },
    "arc theta count color str39": {
        "theta": {"aggregate": "count", "type": "quantitative"},
        "color": {"field": "str39", "type": "nominal"},
    },
}


@pytest.mark.parametrize("tokens", _CASES)
def test_tokens_and_specification(tokens: str) -> None:
    chart = Chart.from_tokens(tokens)
    assert chart.spec() == {"mark": tokens.split()[0], "encoding": _CASES[tokens]}
    assert " ".join(chart.tokens()) == tokens
    assert Chart.from_ids(chart.ids()) == chart
    assert Chart.from_spec(chart.spec()) == chart
    assert from_text(chart.text()) == chart


def test_order_and_form_of_what_is_read_do_not_matter() -> None:
    chart = Chart.from_tokens("bar y count x str0")
    assert " ".join(chart.tokens()) == "bar x str0 y count"
    spec = {"$schema": "any", "data": {"url": "x"}, **chart.spec(), "mark": {"type": "bar"}}
    assert Chart.from_spec(spec) == chart
    assert Chart.from_ids([IDS["<start>"], *chart.ids(), IDS["<pad>"]]) == chart


def test_ids_are_positions_in_the_vocabulary() -> None:
    assert [VOCABULARY[i] for i in IDS.values()] == list(IDS)
    assert len(VOCABULARY) == len(set(VOCABULARY))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ("", "begins with a mark"),
        ("x num0", "begins with a mark"),
        ("bar", "needs an encoding"),
        ("bar num0", "where a channel must stand"),
        ("bar x", "lacks its column"),
        ("bar x mean", "lacks its column"),
        ("bar x num0 x num1", "channel twice"),
        ("bar x bin mean num0", "transforms"),
        ("bar x mean mean num0", "too many"),
        ("bar x mean str0", "for numbers"),
        ("bar x bin dt0", "only numbers are binned"),
        ("bar x year num0", "only dates"),
        ("bar x line num0", "transform must stand"),
    ],
)
def test_tokens_that_are_no_chart(tokens: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Chart.from_tokens(tokens)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "JSON object"),
        ({"mark": "bar"}, "needs an encoding"),
        ({"mark": "geoshape", "encoding": {"x": _Q}}, "geoshape"),
        ({"mark": "bar", "encoding": {"z": _Q}}, "channel 'z'"),
        ({"mark": "bar", "encoding": {"x": 1}}, "no object"),
        ({"mark": "bar", "encoding": {"x": _Q | {"scale": {}}}}, "scale of x"),
        ({"mark": "bar", "encoding": {"x": _Q | {"field": "price"}}}, "price"),
        ({"mark": "bar", "encoding": {"x": _Q | {"type": "nominal"}}}, "should be"),
        ({"mark": "bar", "encoding": {"x": _Q | {"aggregate": "count"}}}, "without a column"),
        ({"mark": "bar", "encoding": {"x": _Q}, "width": 3}, "width"),
    ],
)
def test_specifications_outside_the_language(spec: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        from_text(json.dumps(spec))


def test_text_that_is_no_json() -> None:
    with pytest.raises(SpecError, match="not JSON"):
        from_text('{"mark": ')


def test_views_ignore_marks_and_channels() -> None:
    one = Chart.from_tokens("bar x str0 y mean num0")
    other = Chart.from_tokens("point x mean num0 y str0")
    assert one.view == other.view
    assert one.view != Chart.from_tokens("bar x str0 y sum num0").view


@pytest.mark.parametrize(
    ("encoding", "kind", "is_measure", "groups"),
    [
        (Encoding("x", "num0"), "quantitative", True, False),
        (Encoding("x", "num0", bin=True), "quantitative", False, True),
        (Encoding("x", "num0", ordinal=True), "ordinal", False, True),
        (Encoding("x", "dt0"), "temporal", False, False),
        (Encoding("x", "dt0", time_unit="year"), "temporal", False, True),
        (Encoding("x", "dt0", time_unit="day"), "ordinal", False, True),
        (Encoding("x", "str0", "distinct"), "quantitative", True, False),
        (Encoding("x", "str0"), "nominal", False, True),
    ],
    ids=lambda value: " ".join(value.tokens()) if isinstance(value, Encoding) else str(value),
)
def test_types(encoding: Encoding, kind: str, is_measure: bool, groups: bool) -> None:
    assert (encoding.type, encoding.is_measure, encoding.groups) == (kind, is_measure, groups)
