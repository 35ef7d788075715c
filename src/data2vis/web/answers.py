"""Tables, charts, attention and beams as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from data2vis.recommend import Recommendation
from data2vis.table import Column, Table

# Charts draw at most so many rows, of a table with many columns fewer; more are thinned out evenly.
MAX_ROWS: Final = 5_000
_MAX_CELLS: Final = 250_000
_BARS: Final = 12  # of the small histogram of a column


def shown_rows(table: Table) -> int:
    """How many of a table's rows charts draw."""
    most = min(MAX_ROWS, _MAX_CELLS // max(1, len(table.profile.usable)))
    return min(most, table.profile.rows)


def table(of: Table) -> dict[str, Any]:
    """A table's profile."""
    return {
        "name": of.name,
        "rows": of.profile.rows,
        "shown_rows": shown_rows(of),
        "columns": [_column(column, of) for column in of.profile.columns],
    }


def _column(column: Column, of: Table) -> dict[str, Any]:
    ends: list[Any] = [column.minimum, column.maximum]
    if column.kind == "dt" and column.minimum is not None:
        form = "%Y" if column.units == "Y" else "%Y-%m-%d"
        values = of.frame[column.name]
        ends = [values.min().strftime(form), values.max().strftime(form)]
    return {
        "name": column.name,
        "kind": column.kind,
        "pointer": column.pointer,
        "distinct": column.distinct,
        "nulls": column.nulls,
        "minimum": ends[0],
        "maximum": ends[1],
        "samples": list(column.samples),
        "histogram": _histogram(of.frame[column.name], column),
    }


def _histogram(values: pd.Series[Any], column: Column) -> list[int]:
    """How many values fall into each of equal ranges; of texts, how often the commonest come."""
    present = values.dropna()
    if not len(present):
        return []
    if column.kind == "str":
        return [int(n) for n in present.value_counts().iloc[:_BARS]]
    # As shares of the range: differences of huge numbers have no float.
    numbers = (present.astype("int64") if column.kind == "dt" else present).to_numpy(float)
    half = numbers / 2 - numbers.min() / 2
    bars = column.distinct if column.distinct <= 2 * _BARS else _BARS  # or years would alternate
    return [int(n) for n in np.histogram(half / (half.max() or 1.0), bars, (0.0, 1.0))[0]]


def charts(found: Sequence[Recommendation], of: Table, shared: bool) -> dict[str, Any]:
    """Recommendations; `shared` has the rows once, as `data`, column by column."""
    answer: dict[str, Any] = {"charts": [_chart(each, of, shared) for each in found]}
    if shared:
        names = [column.name for column in of.profile.usable]
        answer["data"] = of.values(names, shown_rows(of))
    return answer


def _chart(each: Recommendation, of: Table, shared: bool) -> dict[str, Any]:
    spec = of.spec(each.chart, 0 if shared else shown_rows(of))
    if shared:
        spec["data"] = {"name": "table"}
    return {
        **each.about(),
        "mark": each.chart.mark,
        "fields": [of.column(pointer) for pointer in each.chart.fields],
        "spec": spec,
    }


def labels(tokens: Sequence[str], of: Table) -> list[dict[str, str]]:
    """Tokens, and beside pointers the names of their columns."""
    names = {p: column.name for p, column in of.profile.by_pointer.items()}
    return [{"token": t, **({"column": names[t]} if t in names else {})} for t in tokens]
