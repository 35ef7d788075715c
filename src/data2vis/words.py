"""Charts in words: `Average price by year of sale, coloured by town`."""

from __future__ import annotations

from typing import Final

from data2vis.spec import Chart, Encoding
from data2vis.table import Table

_AGGREGATES: Final = {
    "sum": "total {}",
    "mean": "average {}",
    "median": "median {}",
    "min": "lowest {}",
    "max": "highest {}",
    "distinct": "number of different {}",
}
_TIME_UNITS: Final = {
    "year": "year of {}",
    "yearquarter": "quarter of {}",
    "yearmonth": "month of {}",
    "yearmonthdate": "day of {}",
    "month": "calendar month of {}",
    "day": "weekday of {}",
    "hours": "hour of {}",
}
_SIDES: Final = {"color": "coloured by", "size": "sized by", "shape": "shaped by"}


def title(chart: Chart, table: Table) -> str:
    """What a chart shows: measures, then what they are grouped by, then the other channels."""
    placed = [e for e in chart.encodings if e.channel in ("x", "y", "theta", "text")]
    measures = [e for e in placed if e.aggregate is not None]
    groups = [e for e in placed if e.aggregate is None]
    if chart.mark == "arc":  # its groups are its colours
        groups += [e for e in chart.encodings if e.channel == "color"]
    if measures:
        found = _joined(measures, table) + _by(groups, table)
    elif chart.mark == "boxplot":
        numbers = [e for e in placed if not e.discrete]
        found = f"distribution of {_joined(numbers, table)}"
        found += _by([e for e in placed if e.discrete], table)
    elif chart.get("x") is not None and chart.get("y") is not None:
        found = f"{_named(chart['y'], table)} against {_named(chart['x'], table)}"
    else:
        found = f"each {_joined(groups, table)}"
    for e in chart.encodings:
        if e.channel in _SIDES and e not in groups:
            found += f", {_SIDES[e.channel]} {_named(e, table)}"
    sides = [e for e in chart.encodings if e.channel in ("row", "column")]
    if sides:
        found += f", one panel for each {_joined(sides, table)}"
    return found[:1].upper() + found[1:]


def _named(encoding: Encoding, table: Table) -> str:
    if encoding.field is None:
        return "number of rows"
    name = table.column(encoding.field)
    if encoding.bin:
        return f"range of {name}"
    pattern = _AGGREGATES.get(encoding.aggregate or "") or _TIME_UNITS.get(encoding.time_unit or "")
    if not pattern or pattern.format("").removesuffix(" of ") == name.lower():
        return name
    return pattern.format(name)


def _joined(encodings: list[Encoding], table: Table) -> str:
    return " and ".join(_named(e, table) for e in encodings)


def _by(encodings: list[Encoding], table: Table) -> str:
    return f" by {_joined(encodings, table)}" if encodings else ""
