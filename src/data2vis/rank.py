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
from functools import cached_property
from typing import Final

from data2vis.effectiveness import Reason, score
from data2vis.spec import Chart
from data2vis.table import Profile

_POINTS_OF_LOG_PROB: Final = 0.35
_NEW_VIEW: Final = 3.0
_NEW_MARK: Final = 1.5
_NEW_COLUMN: Final = 2.0
# What makes charts alike: the same columns, the same transforms of them, the same mark.
_SAME_FIELDS: Final = 4.0
_SAME_VIEW: Final = 2.0
_SAME_MARK: Final = 2.0
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

    @cached_property
    def fields(self) -> frozenset[str]:
        """The pointers of the columns that it shows."""
        return frozenset(self.chart.fields)

    @cached_property
    def view(self) -> frozenset[tuple[str | None, str | None]]:
        """The columns with their transforms."""
        return self.chart.view


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
    left = list(found)
    chosen: list[Candidate] = []
    uncovered = {str(column.pointer) for column in profile.usable}
    views: set[object] = set()
    marks: set[str] = set()
    fields: Counter[frozenset[str]] = Counter()

    def gain(candidate: Candidate) -> float:
        if not chosen:
            return candidate.rank
        # What is not covered yet weighs more, the fewer charts are left to cover it.
        urgency = min(4.0, 1.0 + len(uncovered) / (count - len(chosen)))
        points = candidate.rank + _NEW_COLUMN * urgency * len(uncovered & candidate.fields)
        if candidate.view not in views:
            points += _NEW_VIEW
        if candidate.chart.mark not in marks:
            points += _NEW_MARK
        return points - _SEEN_FIELDS * fields[candidate.fields]

    while left and len(chosen) < count:
        best = max(left, key=gain)
        left.remove(best)
        if not draws(best.chart):
            continue
        chosen.append(best)
        uncovered -= best.fields
        views.add(best.view)
        marks.add(best.chart.mark)
        fields[best.fields] += 1
    return sorted(chosen, key=lambda candidate: -candidate.rank)


def most_alike(
    found: Sequence[Candidate],
    chart: Chart,
    count: int,
    draws: Callable[[Chart], bool] = lambda chart: True,
) -> list[Candidate]:
    """At most `count` of the candidates that are most like a chart, without itself.

    Likeness counts beside rank, so that a good chart comes before a poor one that is as like.
    """
    like = Candidate(chart, 0.0, 0.0, ())

    def share(one: frozenset[object], other: frozenset[object]) -> float:
        return len(one & other) / max(1, len(one | other))

    def gain(candidate: Candidate) -> float:
        points = candidate.rank + _SAME_FIELDS * share(candidate.fields, like.fields)
        points += _SAME_VIEW * share(candidate.view, like.view)
        return points + _SAME_MARK * (candidate.chart.mark == chart.mark)

    chosen: list[Candidate] = []
    for candidate in sorted(found, key=gain, reverse=True):
        if len(chosen) == count:
            break
        if candidate.chart != chart and draws(candidate.chart):
            chosen.append(candidate)
    return chosen
