"""Charts in words."""

from __future__ import annotations

import pytest

from data2vis.spec import Chart
from data2vis.table import Table
from data2vis.words import title

TABLE = Table.parse(b"town,year,visits,rain\na,2001,3,1.5\nb,2002,4,2.5\nc,2003,9,0.5\n", "t.csv")


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ("bar x str0 y count", "Number of rows by town"),
        ("bar x str0 y mean num0 color count", "Average visits by town, coloured by number of rows"),
        ("line x year dt0 y sum num1", "Total rain by year"),
        ("line x yearmonth dt0 y max num1", "Highest rain by month of year"),
        ("point x num0 y num1 size num0", "Rain against visits, sized by visits"),
        ("boxplot x str0 y num1", "Distribution of rain by town"),
        ("tick x num0", "Each visits"),
        ("bar x bin num0 y count", "Number of rows by range of visits"),
        ("arc theta count color str0", "Number of rows by town"),
        ("rect x str0 y day dt0 color mean num0",
         "Weekday of year against town, coloured by average visits"),
        ("bar x str0 y distinct num0 column dt0",
         "Number of different visits by town, one panel for each year"),
    ],
)  # fmt: skip
def test_titles(tokens: str, words: str) -> None:
    assert title(Chart.from_tokens(tokens), TABLE) == words
