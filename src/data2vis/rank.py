"""Which of the found charts to show, and in which order.

A chart's rank is its effectiveness (`data2vis.effectiveness`, in points) plus what the network
thinks of it: the corpus has a chart e times as often if it is 1.2 points better, so a unit of log
probability is worth about as much. Chosen are, one after the other, the charts whose rank is
highest when what they add to those before is counted in: another view of the data, another mark,
columns not shown yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from data2vis.effectiveness import Reason, score
from data2vis.spec import Chart
from data2vis.table import Profile

_POINTS_OF_LOG_PROB: Final = 0.35
_NEW_VIEW: Final = 3.0
_NEW_MARK: Final = 1.5
_NEW_COLUMN: Final = 2.0
_SEEN_FIELDS: Final = 0.7  # off for each chart of the same columns


@dataclass(frozen=True)
class Candidate:
    """A chart and how good it is."""

    chart: Chart
    log_prob: float
    effectiveness: float
    reasons: tuple[Reason, ...]

    @property
    def rank(self) -> float:
        """In points of effectiveness."""
        return self.effectiveness + _POINTS_OF_LOG_PROB * self.log_prob


def candidates(charts: Iterable[tuple[Chart, float]], profile: Profile) -> list[Candidate]:
    """Charts with their log probabilities, scored; the best first."""
    found = []
    for chart, log_prob in charts:
        points, reasons = score(chart, profile)
        found.append(Candidate(chart, log_prob, points, tuple(reasons)))
    return sorted(found, key=lambda c: (-c.rank, c.chart.tokens()))


def choose(
    found: Sequence[Candidate],
    count: int,
    profile: Profile,
    draws: Callable[[Chart], bool] = lambda chart: True,
) -> list[Candidate]:
    """At most `count` of the candidates, different and of different kinds, the best first.

    `draws` is asked of those that would be chosen; where it says no, the next comes in.
    """
    left = {candidate.chart: candidate for candidate in found}
    chosen: list[Candidate] = []
    uncovered = {str(column.pointer) for column in profile.usable}
    views: set[object] = set()
    marks: Counter[str] = Counter()
    fields: Counter[frozenset[str]] = Counter()

    def gain(candidate: Candidate) -> float:
        chart = candidate.chart
        # What is not covered yet weighs more, the fewer charts are left to cover it.
        urgency = min(4.0, 1.0 + len(uncovered) / max(1, count - len(chosen)))
        points = candidate.rank + _NEW_COLUMN * urgency * len(uncovered.intersection(chart.fields))
        if chart.view not in views:
            points += _NEW_VIEW
        if not marks[chart.mark]:
            points += _NEW_MARK
        return points - _SEEN_FIELDS * fields[frozenset(chart.fields)]

    while left and len(chosen) < count:
        if chosen:
            best = max(left.values(), key=gain)
        else:
            best = max(left.values(), key=lambda candidate: candidate.rank)
        del left[best.chart]
        if not draws(best.chart):
            continue
        chosen.append(best)
        uncovered.difference_update(best.chart.fields)
        views.add(best.chart.view)
        marks[best.chart.mark] += 1
        fields[frozenset(best.chart.fields)] += 1
    return sorted(chosen, key=lambda candidate: -candidate.rank)
