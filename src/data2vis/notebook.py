"""`data2vis.suggest(df)`: charts of a data frame, shown in a notebook by Altair."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, overload

import pandas as pd

from data2vis.recommend import COUNT, Recommendation, Recommender
from data2vis.table import Table

# Altair refuses to put more rows into a chart.
_MAX_ROWS: Final = 5_000


class Suggestions(Sequence[Any]):
    """Altair charts, the best first; a notebook shows them with their titles and reasons.

    `recommendations` has scores and reasons, in the same order. Of more than 5,000 rows, charts
    have so many, at even distances.
    """

    def __init__(self, recommendations: Sequence[Recommendation]) -> None:
        self.recommendations = list(recommendations)
        self._charts = [_altair(found) for found in self.recommendations]

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._charts[index]

    def __len__(self) -> int:
        return len(self._charts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._charts)

    def __repr__(self) -> str:
        lines = [
            f"{number:2}  {found.score:6.2f}  {found.title}\n            {found.reason}"
            for number, found in enumerate(self.recommendations, 1)
        ]
        return "\n".join(lines) or "no charts"

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display  # type: ignore[attr-defined]

        for number, (found, chart) in enumerate(zip(self.recommendations, self._charts), 1):
            title, reason = html.escape(found.title), html.escape(found.reason)
            text = f"<h4>{number}. {title}</h4><p>{reason} (score {found.score:.2f})</p>"
            display(HTML(text))  # type: ignore[no-untyped-call]
            display(chart)  # type: ignore[no-untyped-call]


def _altair(found: Recommendation) -> Any:
    import altair

    table = found.table
    spec = table.restore(found.chart.spec())
    chart = altair.Chart.from_dict({"data": {"values": []}, **spec})
    names = [table.column(pointer) for pointer in found.chart.fields]
    # As a data frame: Altair would hold each row of a list against its schema.
    chart.data = table.sample(_MAX_ROWS)[names or list(table.frame.columns)]
    return chart


def suggest(
    data: pd.DataFrame | Table | str | Path,
    count: int = COUNT,
    types: Mapping[str, str] | None = None,
    marks: Sequence[str] = (),
    fields: Sequence[str] = (),
    checkpoint: str | Path | None = None,
) -> Suggestions:
    """The best charts of a data frame, a `Table` or a file, as Altair charts.

    `types` takes columns as `num`, `str` or `dt`; `marks` and `fields` say which charts are
    wanted; `checkpoint` is the folder of another network than the one that ships, which is loaded
    once.
    """
    if isinstance(data, str | Path):
        data = Table.read(data, types)
    elif not isinstance(data, Table):
        data = Table(data, types=types)
    return Suggestions(_recommender(checkpoint).recommend(data, count, marks, fields))


@lru_cache(maxsize=2)
def _recommender(checkpoint: str | Path | None) -> Recommender:
    return Recommender(checkpoint)
