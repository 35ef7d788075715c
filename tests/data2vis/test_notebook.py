"""`data2vis.suggest(df)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair
import pandas as pd
import pytest

import data2vis
from tests.data2vis.hostile import TABLES
from tests.data2vis.networks import table


def test_a_data_frame_becomes_altair_charts() -> None:
    found = data2vis.suggest(table().frame, count=4)
    assert len(found) == 4
    assert isinstance(found[0], altair.Chart)
    assert [type(chart) for chart in found] == [altair.Chart] * 4
    assert len(found[1:3]) == 2
    scores = [each.score for each in found.recommendations]
    assert scores == sorted(scores, reverse=True)
    assert found.recommendations[0].title in repr(found)
    assert found[0].to_dict()["data"]


def test_a_notebook_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    frame = TABLES["html"]
    found = data2vis.suggest(frame, count=3)
    found._ipython_display_()
    assert [type(each).__name__ for each in shown] == ["HTML", "Chart"] * 3
    assert "&lt;b&gt;x&lt;/b&gt;" in "".join(each.data for each in shown[::2])
    assert "<b>x</b>" not in "".join(each.data for each in shown[::2])
    assert shown[1]._repr_mimebundle_(None, None)


def test_what_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    table().frame.to_csv(file, index=False)
    lines = data2vis.suggest(str(file), marks=["line"], fields=["size"])
    assert {each.chart.mark for each in lines.recommendations} == {"line"}
    assert all("size" in each.title.lower() for each in lines.recommendations)
    typed = data2vis.suggest(file, types={"price": "str"}, count=1)
    assert typed.recommendations[0].table.profile.columns[1].kind == "str"


def test_more_rows_than_altair_takes() -> None:
    many = pd.DataFrame({"n": range(7_000), "k": ["a", "b"] * 3_500})
    chart = data2vis.suggest(many, count=1)[0]
    assert len(next(iter(chart.to_dict()["datasets"].values()))) == 5_000
