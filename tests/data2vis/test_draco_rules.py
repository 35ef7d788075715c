"""The rules' best charts and Draco 2's hard rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data2vis import corpus, schemas
from data2vis.draco_rules import hard_violations
from data2vis.spec import Chart
from data2vis.table import Table

_FRAME = pd.DataFrame({
    "num0": [1.5, -2.0, 3.5, 4.0] * 5, "num1": range(20), "str0": list("abcd") * 5,
    "str1": list("xxyyz") * 4, "dt0": pd.date_range("2020-01-01", periods=20),
})  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "violations"),
    [
        ("point x num0 y num1 color str0", []),
        ("bar x sort:-y str0 y mean num0", []),
        ("bar x str0 y count color str1", []),
        ("bar x yearmonthdate dt0 y sum num1", []),
        ("bar x bin num0 y count", []),
        ("line x dt0 y num0", []),
        ("tick x num0 y str0 column str1", []),
        ("bar x num0 y num1", ["bar_tick_continuous_x_y"]),
        ("point x dt0 y num1 size num0", ["size_negative"]),
        ("bar x str0 y mean num0 color str1", ["stack_without_summative_agg"]),
        ("rect x str0 y num0", ["rect_without_d_d"]),
        ("area x dt0 y num0", ["bar_area_without_zero"]),
    ],
)
def test_rules(tokens: str, violations: list[str]) -> None:
    found = hard_violations(Chart.from_tokens(tokens), Table(_FRAME).profile)
    assert found == violations


def test_top_charts_violate_none() -> None:
    for number, domain in enumerate(list(schemas.DOMAINS)[::3]):
        table = Table(schemas.synthesize(domain, np.random.default_rng(number)))
        best, _ = max(corpus.charts(table, np.random.default_rng(0)), key=lambda found: found[1])
        assert hard_violations(best, table.profile) == [], (domain, best.tokens())
