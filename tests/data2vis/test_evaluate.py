"""The checks find what is wrong with charts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pandas as pd
import pytest

from data2vis.evaluate import check, evaluate
from data2vis.table import Table

_TABLE = Table(pd.DataFrame({"n": [1, 2, 3], "t": ["a", "b", "c"], "empty": [None] * 3}))
_N = {"field": "n", "type": "quantitative"}
_T = {"field": "t", "type": "nominal"}


def _bar(**encoding: Any) -> dict[str, Any]:
    return {"mark": "bar", "encoding": encoding}


def test_a_good_chart() -> None:
    found = check(_bar(x=_T, y=_N), _TABLE)
    assert found.renders
    assert found.drawn == 3
    assert check(json.dumps(_bar(x=_T, y=_N)), _TABLE) == found


@pytest.mark.parametrize(
    ("spec", "attribute", "expected"),
    [
        ("{oops", "spec", None),
        ("[1]", "spec", None),
        ({"mark": "bars", "encoding": {}}, "is_valid", False),
        (_bar(x={"field": "n", "type": "number"}), "is_valid", False),
        (_bar(x={"field": "z", "type": "nominal"}), "unknown_columns", ("z",)),
        (_bar(x=_T, y=_N, shape=_T), "renders", False),
        (_bar(x={"field": "empty", "type": "quantitative"}, y=_N), "drawn", 0),
        ({"mark": "line", "encoding": {"x": _T, "y": _N, "color": _T}}, "is_empty", True),
        ({"mark": "arc", "encoding": {"theta": _N, "color": _T}}, "drawn", 3),
        ({"mark": "text", "encoding": {"x": _N, "text": _T}}, "drawn", 3),
        ({"mark": "text", "encoding": {"x": _N, "text": {"field": "empty"}}}, "drawn", 0),
        ({"mark": "area", "encoding": {"x": _N, "y": _N}}, "drawn", 1),
        ({"mark": "rule", "encoding": {"x": _N}}, "drawn", 3),
        ({"mark": "boxplot", "encoding": {"x": _N}}, "is_empty", False),
        (_bar(x=_N, row=_T), "drawn", 3),
    ],
    ids=str,
)
def test_findings(spec: Any, attribute: str, expected: Any) -> None:
    assert getattr(check(spec, _TABLE), attribute) == expected


def test_schema_errors_say_where() -> None:
    found = check(_bar(x={"field": "n", "type": "number"}), _TABLE)
    assert found.schema_error is not None
    assert "number" in found.schema_error


def test_warnings_are_text() -> None:
    assert any("shape" in w for w in check(_bar(x=_T, y=_N, shape=_T), _TABLE).warnings)


def test_standard_error_is_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    check(_bar(x=_T, y=_N, shape=_T), _TABLE)
    print("still here", file=sys.stderr)
    assert capfd.readouterr().err == "still here\n"


def test_report() -> None:
    specs = [_bar(x=_T, y=_N), _bar(x=_T, y=_N), {**_bar(x=_T, y=_N), "mark": "point"}, "no json"]
    report = evaluate([(_TABLE, specs)])
    figures = report.summary()
    assert figures["json"] == 0.75
    assert figures["renders"] == 0.75
    assert figures["unknown_columns"] == 0
    assert figures["distinct_charts"] == 2
    assert figures["distinct_views"] == 1
    assert figures["marks"] == 2
    assert figures["coverage"] == 1.0  # the empty column does not count
    assert [name for name, _ in report.failures()] == ["table"]
    assert "distinct views" in report.text()
    assert evaluate([]).summary() == {"tables": 0, "charts": 0}
