"""Draco 2's hard rules, asked about a chart.

Needs the packages `draco` and `clingo`, which only evaluation and tests use. Draco knows fewer
marks and no time units: a circle is a point to it, a span of time a binned date.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

from data2vis.spec import SPANS, Chart, Encoding
from data2vis.table import Column, Profile

_FIELD_TYPES: Final = {"num": "number", "str": "string", "dt": "datetime"}
_FACETS: Final = {"row": "row", "column": "col"}


def hard_violations(chart: Chart, profile: Profile) -> list[str]:
    """The names of the hard rules that a chart violates."""
    from draco import dict_to_facts

    found = _draco().get_violations(dict_to_facts(_description(chart, profile)))
    if found is None:
        raise ValueError(f"Draco cannot read {' '.join(chart.tokens())!r}")
    return sorted(set(found))


@cache
def _draco() -> Any:
    from draco import Draco

    return Draco()


def _description(chart: Chart, profile: Profile) -> dict[str, Any]:
    """The chart and the columns that it uses in Draco's nested format."""
    inner = [e for e in chart.encodings if e.channel not in _FACETS]
    view: dict[str, Any] = {
        "coordinates": "polar" if chart.mark == "arc" else "cartesian",
        "mark": [
            {
                "type": "point" if chart.mark == "circle" else chart.mark,
                "encoding": [_encoding(e, chart) for e in inner],
            }
        ],
        "scale": [_scale(e, chart) for e in inner],
    }
    facets = [
        {"channel": _FACETS[e.channel], "field": e.field}
        for e in chart.encodings
        if e.channel in _FACETS
    ]
    if facets:
        view["facet"] = facets
    return {
        "number_rows": profile.rows,
        "field": [_field(profile[pointer]) for pointer in dict.fromkeys(chart.fields)],
        "view": [view],
    }


def _field(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.pointer,
        "type": _FIELD_TYPES[column.kind],
        "unique": column.distinct,
    }
    if column.kind == "num" and column.minimum is not None and column.maximum is not None:
        found |= {
            "min": _whole(math.floor(column.minimum)),
            "max": _whole(math.ceil(column.maximum)),
        }
    return found


def _whole(value: int) -> int:
    """A number in the range of clingo's 32 bits."""
    return max(-(2**30), min(2**30, value))


def _encoding(e: Encoding, chart: Chart) -> dict[str, Any]:
    found: dict[str, Any] = {"channel": e.channel}
    if e.field is not None:
        found["field"] = e.field
    if e.aggregate is not None:
        found["aggregate"] = e.aggregate
    if e.bin or e.time_unit in SPANS:
        found["binning"] = 10
    color = chart.get("color")
    if (
        e.channel in ("x", "y") and e.aggregate is not None
        and chart.mark in ("bar", "area") and color is not None and color.discrete
    ):  # fmt: skip
        found["stack"] = e.stack or "zero"  # Vega-Lite's default
    return found


def _scale(e: Encoding, chart: Chart) -> dict[str, Any]:
    if not e.discrete:
        scale: dict[str, Any] = {"channel": e.channel, "type": "linear"}
        # Vega-Lite's defaults: bars and areas stand on zero; dates never begin there.
        is_axis = e.channel in ("x", "y") and not e.bin and e.type == "quantitative"
        if is_axis and chart.mark in ("bar", "area"):
            scale["zero"] = "true"
        return scale
    if e.channel == "color" and e.type == "nominal":
        return {"channel": "color", "type": "categorical"}
    return {"channel": e.channel, "type": "ordinal"}
