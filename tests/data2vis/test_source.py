"""A table as source tokens."""

from __future__ import annotations

import pandas as pd
import pytest

from data2vis import source
from data2vis.spec import POINTERS
from data2vis.table import Table
from tests.data2vis.hostile import TABLES


def test_tokens() -> None:
    frame = pd.DataFrame({
        "n": [-1.5, 2, 2, 3, 3, 4] * 5, "i": range(30), "k": [1, 2, 0] * 10, "p": [0.25, 0.5] * 15,
        "empty": [None] * 30, "s": ["a rather long name", None] * 15,
        "d": pd.date_range("2020-01-01", periods=30, freq="D"),
    })  # fmt: skip
    assert " ".join(source.tokens(Table(frame).profile)) == (
        "rows:100 num0 few signed num1 many unique index num2 few integer zeros num3 few share "
        "str0 one nulls long dt0 many unique days"
    )


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_in_the_vocabulary(name: str) -> None:
    profile = Table(TABLES[name]).profile
    words = [source.VOCABULARY[i] for i in source.ids(profile)]
    assert words == [*source.tokens(profile), "<end>"]
    assert [w for w in words if w in POINTERS] == [c.pointer for c in profile.usable]
