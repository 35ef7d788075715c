"""How well a chart shows its data: rules with weights, sources and reasons in words.

The grammar keeps out what is wrong (expressiveness); these rules order what is right
(effectiveness). A chart's score is the sum of the weights of the rules that hold, each times the
degree to which it holds; 0 is a plain, unremarkable chart. Sources:

    Mackinlay 1986   Automating the Design of Graphical Presentations: rankings of channels by type
    Cleveland 1984   Cleveland & McGill, Graphical Perception: position before length, area, colour
    CompassQL 2016   Wongsuphasawat et al.: marks by the types on x and y
    Draco 2019       Moritz et al., Draco 2 (2023): soft and hard constraints
    Few 2007         Save the Pies for Dessert
    Munzner 2014     Visualization Analysis and Design: limits of discriminability
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from data2vis.spec import SPANS, Chart, Encoding
from data2vis.table import Column, Profile


class Reason(NamedTuple):
    """One rule's share of a score."""

    rule: str
    points: float
    text: str


@dataclass(frozen=True)
class View:
    """A chart beside the profile of its table, with what the rules ask for."""

    chart: Chart
    profile: Profile

    def column(self, encoding: Encoding | None) -> Column | None:
        """The column of an encoding; None for `count`."""
        return self.profile[encoding.field] if encoding and encoding.field else None

    def levels(self, encoding: Encoding) -> int:
        """How many groups an encoding makes, about."""
        column = self.column(encoding)
        if column is None:
            return 1
        if encoding.bin:
            return min(10, column.distinct)
        return min(column.distinct, _UNIT_LEVELS.get(encoding.time_unit or "", column.distinct))

    @property
    def dimensions(self) -> list[Encoding]:
        """The encodings that group."""
        return [e for e in self.chart.encodings if e.groups]

    @property
    def marks_drawn(self) -> int:
        """How many marks it draws, about: rows, or groups that can have rows."""
        if not self.chart.is_aggregated:
            return self.profile.rows
        product = 1
        for encoding in self.dimensions:
            product *= max(1, self.levels(encoding))
        return min(product, self.profile.rows)

    @property
    def axes(self) -> tuple[Encoding | None, Encoding | None]:
        """The encodings of x and y."""
        return self.chart.get("x"), self.chart.get("y")

    @property
    def types(self) -> frozenset[str]:
        """What is on x and y: number, aggregate, bin, time, category."""
        return frozenset(_axis_type(e) for e in self.axes if e is not None)


_UNIT_LEVELS: Final = {"month": 12, "day": 7, "hours": 24}


def _axis_type(e: Encoding) -> str:
    if e.aggregate:
        return "aggregate"
    if e.bin:
        return "bin"
    if e.type == "temporal":
        return "time"
    if e.time_unit:
        return "cycle"
    if e.discrete:
        return "ordered" if e.ordinal else "category"
    return "number"


Degree = Callable[[View], float]


@dataclass(frozen=True)
class Rule:
    """A rule: its degree times its weight is added to the score."""

    name: str
    weight: float
    source: str
    reason: str
    degree: Degree


def _relation(v: View) -> float:
    """Two numbers as they are, on two axes."""
    return float(
        v.chart.mark in ("point", "circle") and v.types == {"number"} and None not in v.axes
    )


def _time_series(v: View) -> float:
    x, y = v.axes
    if v.chart.mark not in ("line", "area") or x is None or y is None or _axis_type(x) != "time":
        return 0.0
    return 1.0 if v.chart.mark == "line" else 0.7


def _ordered_trend(v: View) -> float:
    x, _ = v.axes
    if v.chart.mark not in ("line", "area", "bar") or x is None:
        return 0.0
    return float(_axis_type(x) in ("cycle", "ordered") and "aggregate" in v.types)


def _comparison(v: View) -> float:
    if v.chart.mark != "bar" or "aggregate" not in v.types:
        return 0.0
    return 1.0 if v.types & {"category", "ordered"} else 0.7 if "cycle" in v.types else 0.0


def _no_baseline(v: View) -> float:
    color = v.chart.get("color")
    return float(v.chart.mark in ("bar", "area") and color is not None and color.discrete)


def _numbers_as_names(v: View) -> float:
    """Measured numbers taken as categories."""
    used = [c for e in v.chart.encodings if e.ordinal and (c := v.column(e)) is not None]
    return float(sum(not c.integer or c.is_sparse or c.level != "few" for c in used))


def _histogram(v: View) -> float:
    axes = [e for e in v.axes if e is not None]
    is_count = any(e.aggregate == "count" for e in axes)
    if v.chart.mark not in ("bar", "area", "line") or not is_count or "bin" not in v.types:
        return 0.0
    return 1.0 if v.chart.mark == "bar" else 0.3


def _distribution(v: View) -> float:
    if v.chart.mark == "boxplot" and v.types == {"number", "category"}:
        category = next(e for e in v.axes if e is not None and e.discrete)
        return 1.0 if v.profile.rows >= 5 * v.levels(category) else -1.0
    if v.chart.mark in ("boxplot", "tick") and "number" in v.types:
        return 0.4 if v.profile.rows >= 5 else -1.0
    return 0.0


def _heat_map(v: View) -> float:
    return float(v.chart.mark == "rect" and not v.types & {"time", "bin"})


def _sorted_bars(v: View) -> float:
    by_name = [e for e in v.axes if e is not None and _axis_type(e) == "category"]
    if not by_name or "aggregate" not in v.types:
        return 0.0
    return 1.0 if by_name[0].sort else -0.5 if v.levels(by_name[0]) > 4 else 0.0


def _room_for_labels(v: View) -> float:
    x, y = v.axes
    on_x, on_y = v.column(x), v.column(y)
    if x is not None and on_x is not None and on_x.kind == "str" and x.discrete:
        return -1.0 if on_x.distinct > 12 or on_x.width * on_x.distinct > 60 else 0.0
    if y is not None and on_y is not None and on_y.kind == "str" and y.discrete:
        return 0.5 if on_y.distinct > 5 or on_y.width > 8 else 0.0
    return 0.0


def _time_on_y(v: View) -> float:
    _, y = v.axes
    return float(y is not None and y.time_unit is not None and v.chart.mark != "rect")


def _many_colors(v: View) -> float:
    color = v.chart.get("color")
    if color is None or not color.discrete:
        return 0.0
    return max(0.0, min(1.0, (v.levels(color) - 6) / 6))


def _weak_channels(v: View) -> float:
    """Quantities on colour or size while an axis is free or the mark could do without."""
    weak = sum(1 for e in v.chart.encodings if e.channel in ("color", "size") and e.is_measure)
    return float(weak) if v.chart.mark != "rect" else 0.0


def _size_or_shape(v: View) -> float:
    return float(sum(e.channel in ("size", "shape") for e in v.chart.encodings))


def _complexity(v: View) -> float:
    extra = len(v.chart.encodings) - 2
    return float(extra * (extra + 1) / 2) if extra > 0 else 0.0


def _facet(v: View) -> float:
    side = next((e for e in v.chart.encodings if e.channel in ("row", "column")), None)
    if side is None:
        return 0.0
    return (1.0 if v.chart.get("color") is None else 1.5) + (v.levels(side) > 4)


def _grouping(v: View) -> float:
    """A third, well separated variable that earns its place."""
    color = v.chart.get("color")
    if color is None or not color.discrete or v.chart.mark == "arc":
        return 0.0
    return float(2 <= v.levels(color) <= 7 and v.profile.rows >= 4 * v.levels(color))


def _overplotting(v: View) -> float:
    if v.chart.is_aggregated or v.chart.mark in ("boxplot", "line", "area"):
        return 0.0
    limit = {"text": 40, "tick": 500, "rule": 100}.get(v.chart.mark, 1500)
    return min(2.0, max(0.0, v.profile.rows / limit - 1.0))


def _zigzag(v: View) -> float:
    """Raw lines with several values per date: they jump up and down."""
    x, _ = v.axes
    time = v.column(x)
    if v.chart.mark not in ("line", "area") or time is None or v.chart.is_aggregated:
        return 0.0
    present = time.rows - time.nulls
    per_date = present / max(1, time.distinct)
    lines = 1
    for e in v.chart.encodings:
        if e.channel in ("color", "row", "column"):
            lines *= max(1, v.levels(e))
    if per_date <= lines * 1.2:
        return 0.0 if per_date > 0.5 * lines else 1.0  # more lines than values: broken lines
    return 2.0


def _sparse(v: View) -> float:
    """More groups than rows can fill."""
    if not v.chart.is_aggregated:
        return 0.0
    groups = 1
    for encoding in v.dimensions:
        groups *= max(1, v.levels(encoding))
    return min(2.0, max(0.0, groups / max(1, v.profile.rows) - 1.0))


def _aggregates_nothing(v: View) -> float:
    """Groups that are single rows: `count` is always one, an average averages nothing."""
    alone = any(
        c.is_unique for e in v.dimensions if (c := v.column(e)) is not None
        and not e.bin and (e.time_unit is None or c.distinct <= v.levels(e))
    )  # fmt: skip
    if not alone or not v.chart.is_aggregated:
        return 0.0
    count = any(e.aggregate in ("count", "distinct") for e in v.chart.encodings)
    several = any(e.aggregate in ("mean", "median", "min", "max") for e in v.chart.encodings)
    return 1.0 if count else 0.25 if several else 0.0


def _pie(v: View) -> float:
    if v.chart.mark != "arc":
        return 0.0
    return 1.0 if v.levels(v.chart["color"]) <= 5 else 2.0


def _uninformative(v: View) -> float:
    return float(
        sum(
            column.distinct == 1 or column.is_index
            for e in v.chart.encodings
            if (column := v.column(e)) is not None
        )
    )


def _missing(v: View) -> float:
    shares = [c.nulls / c.rows for e in v.chart.encodings if (c := v.column(e)) is not None]
    return max(shares, default=0.0)


def _rare_aggregate(v: View) -> float:
    return float(
        sum(e.aggregate in ("min", "max", "distinct", "median") for e in v.chart.encodings)
    )


def _sum_of_rates(v: View) -> float:
    """Sums of shares, rates and codes mean little; of signed numbers they cancel out."""
    for e in v.chart.encodings:
        c = v.column(e)
        if e.aggregate == "sum" and c is not None and c.maximum is not None:
            if c.is_signed or (c.maximum <= 1.0 and not c.integer):
                return 1.0
            return 0.0 if c.integer else 0.2
    return 0.0


def _ink_without_zero(v: View) -> float:
    """Areas and tiles on continuous scales that are not grouped."""
    x, _ = v.axes
    if v.chart.mark == "area":
        return float(x is not None and x.type == "temporal" and x.time_unit is None)
    return float(v.chart.mark == "rect" and bool(v.types & {"time", "bin"}))


def _plain_marks(v: View) -> float:
    """Marks that say less than another would with the same data."""
    mark, types = v.chart.mark, v.types
    if mark in ("point", "circle", "text") and "aggregate" in types and len(types) > 1:
        return 1.0
    if mark in ("point", "circle") and types == {"number"} and None in v.axes:
        return 0.6
    return {"rule": 1.2, "text": 0.8}.get(mark, 0.0)


def _one_axis(v: View) -> float:
    return float(None in v.axes and v.chart.mark in ("bar", "rule") and "aggregate" in v.types)


def _fine_time(v: View) -> float:
    """A time unit that leaves two values or hundreds of bars."""
    for e in v.dimensions:
        c = v.column(e)
        if e.time_unit in SPANS and c is not None and c.minimum is not None:
            days = ((c.maximum or 0.0) - c.minimum) / 86_400
            per = {"year": 365, "yearquarter": 91, "yearmonth": 30, "yearmonthdate": 1}
            steps = min(days / per[e.time_unit or ""], c.distinct)
            if steps < 3 or (v.chart.mark == "bar" and steps > 60):
                return 1.0
    return 0.0


RULES: Final = (
    Rule("time series", 4.0, "Mackinlay 1986, Draco 2019",
         "a line over time shows how a value develops", _time_series),
    Rule("comparison", 3.5, "CompassQL 2016, Cleveland 1984",
         "bars from a common baseline compare categories most exactly", _comparison),
    Rule("no baseline", -0.6, "Cleveland 1984",
         "stacked parts have no common baseline", _no_baseline),
    Rule("number as category", -1.5, "Mackinlay 1986",
         "a measured number says more on a continuous scale", _numbers_as_names),
    Rule("relation", 3.9, "Mackinlay 1986, CompassQL 2016",
         "position on two axes shows how two numbers are related", _relation),
    Rule("histogram", 3.0, "CompassQL 2016", "counts of bins show a distribution", _histogram),
    Rule("distribution", 2.5, "CompassQL 2016",
         "the spread of a number is shown, not its average alone", _distribution),
    Rule("heat map", 1.5, "CompassQL 2016", "a grid compares pairs of categories", _heat_map),
    Rule("cycle", 1.0, "Draco 2019", "the order of the calendar or scale is kept on an axis",
         _ordered_trend),
    Rule("grouping", 0.8, "Mackinlay 1986", "a few colours tell groups apart", _grouping),
    Rule("sorted", 0.8, "Munzner 2014",
         "categories in the order of their values are read at once", _sorted_bars),
    Rule("labels", 1.0, "Draco 2019", "long or many labels need the room of the vertical axis",
         _room_for_labels),
    Rule("time on y", -2.0, "Draco 2019", "time is expected from left to right", _time_on_y),
    Rule("many colours", -2.0, "Munzner 2014", "more colours than the eye tells apart",
         _many_colors),
    Rule("weak channel", -0.8, "Cleveland 1984",
         "quantities are read less exactly from colour or size than from position",
         _weak_channels),
    Rule("size or shape", -0.5, "Mackinlay 1986", "size and shape are slow to read",
         _size_or_shape),
    Rule("complexity", -0.4, "Draco 2019", "every further encoding costs attention", _complexity),
    Rule("facets", -0.6, "Draco 2019", "small multiples cost room", _facet),
    Rule("overplotting", -2.0, "Munzner 2014", "so many marks cover each other", _overplotting),
    Rule("zigzag", -2.5, "Draco 2019", "several values at one date make a line jump", _zigzag),
    Rule("sparse", -2.0, "Draco 2019", "most groups have no rows", _sparse),
    Rule("nothing to aggregate", -2.5, "Draco 2019", "each group is a single row",
         _aggregates_nothing),
    Rule("pie", -1.0, "Few 2007, Cleveland 1984", "angles are hard to compare; bars are better",
         _pie),
    Rule("uninformative column", -3.0, "CompassQL 2016",
         "a constant, or a number that only counts the rows", _uninformative),
    Rule("missing values", -3.0, "Munzner 2014", "many values are missing", _missing),
    Rule("rare aggregate", -0.6, "Draco 2019", "a less common summary", _rare_aggregate),
    Rule("sum of rates", -1.5, "CompassQL 2016",
         "shares, rates and signed numbers do not add up to a meaningful sum", _sum_of_rates),
    Rule("no zero", -2.0, "Draco 2019", "areas on a continuous scale without groups",
         _ink_without_zero),
    Rule("plain mark", -1.2, "CompassQL 2016", "another mark shows this better", _plain_marks),
    Rule("one mark", -1.5, "CompassQL 2016", "a single total needs no chart", _one_axis),
    Rule("time unit", -1.0, "CompassQL 2016", "the unit is too coarse or too fine for the dates",
         _fine_time),
)  # fmt: skip


def score(chart: Chart, profile: Profile) -> tuple[float, list[Reason]]:
    """The sum of all rules' points, and the rules that gave some, the weightiest first."""
    view = View(chart, profile)
    reasons = []
    for rule in RULES:
        degree = rule.degree(view)
        if degree:
            reasons.append(Reason(rule.name, rule.weight * degree, rule.reason))
    reasons.sort(key=lambda reason: -abs(reason.points))
    return sum(reason.points for reason in reasons), reasons
