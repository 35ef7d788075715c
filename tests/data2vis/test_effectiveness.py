"""The rules order charts as the field's sources do."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from data2vis.effectiveness import RULES, score
from data2vis.grammar import Grammar, random_walk
from data2vis.spec import Chart
from data2vis.table import Profile, Table


@cache
def _profile() -> Profile:
    rows = 3000
    random = np.random.default_rng(0)
    return Table(
        pd.DataFrame({
            "num0": random.normal(50, 9, rows).round(3), "num1": np.exp(random.normal(size=rows)),
            "num2": np.arange(rows) % 4, "num3": np.arange(rows), "num4": 7,
            "num5": random.random(rows), "num6": [None] * (rows // 2) + [1.5, 2.5] * (rows // 4),
            "str0": [f"c{i % 4}" for i in range(rows)],
            "str1": [f"a long name {i % 18}" for i in range(rows)],
            "str2": [f"p{i % 8}" for i in range(rows)],
            "dt0": pd.date_range("2000-01-01", periods=rows // 4, freq="D").repeat(4),
        })
    ).profile  # fmt: skip


def _score(tokens: str) -> float:
    return score(Chart.from_tokens(tokens), _profile())[0]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("point x num0 y num1", "point x num0 y num1 shape str0 row str2"),
        ("bar x str0 y mean num0", "point x str0 y mean num0"),
        ("bar x str0 y mean num0", "arc theta sum num0 color str0"),
        ("bar x str0 y mean num0", "rule x mean num0 color str0"),
        ("bar x sort:-y str0 y mean num0", "bar x str0 y mean num0 row str2"),
        ("bar x mean num0 y sort:-x str1", "bar x sort:-y str1 y mean num0"),
        ("line x yearmonth dt0 y mean num0", "point x yearmonth dt0 y mean num0"),
        ("line x dt0 y num0 color str0", "line x dt0 y num0"),
        ("line x yearmonth dt0 y mean num0", "bar x yearmonthdate dt0 y mean num0"),
        ("bar x bin num0 y count", "tick x num0"),
        ("boxplot x str0 y num0", "tick x str0 y num0"),
        ("point x num0 y num1", "point x num0"),
        ("tick x num0 y str0", "tick x dt0 y str0"),
        ("point x num0 y num1 color str0", "point x num0 y num1 color str1"),
        ("bar x str0 y mean num0", "bar x str0 y mean num3"),
        ("bar x str0 y mean num0", "bar x str0 y mean num6"),
        ("bar x str0 y mean num5", "bar x str0 y sum num5"),
        ("bar x str0 y mean num0", "bar x str0 y max num0"),
        ("boxplot x str0 y num0", "text x str0 y num0 text num1"),
        ("rect x str0 y str2 color count", "rect x bin num0 y bin num1 color count"),
        ("bar x str0 y count", "bar x count"),
        ("bar x str2 y sum num1", "bar x str2 y sum num1 color str1"),
    ],
)
def test_order(better: str, worse: str) -> None:
    assert _score(better) > _score(worse)


def test_score_is_the_sum_of_its_reasons() -> None:
    points, reasons = score(Chart.from_tokens("arc theta count color str1"), _profile())
    assert points == pytest.approx(sum(reason.points for reason in reasons))
    sizes = [abs(reason.points) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert "angles" in next(reason.text for reason in reasons if reason.rule == "pie")


def test_every_rule_is_documented_and_holds_for_some_chart() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.source and rule.reason and rule.weight for rule in RULES)
    random = np.random.default_rng(0)
    small = Table(
        pd.DataFrame({"k": list("abcdefgh"), "v": range(3, 11), "g": list("aabbccdd"),
                      "t": pd.date_range("2020-01-01", periods=8, freq="YS")})
    ).profile  # fmt: skip
    seen = set()
    for profile in (_profile(), small):
        grammar = Grammar(profile)
        for _ in range(1500):
            chart = Chart.from_ids(random_walk(grammar, random).ids)
            seen.update(reason.rule for reason in score(chart, profile)[1])
    assert seen == {rule.name for rule in RULES}
