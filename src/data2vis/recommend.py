"""A table in, ranked charts out.

from data2vis import Recommender
for found in Recommender().recommend(Table.read("cars.csv"), count=15):
    print(found.score, found.reason, found.spec)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from data2vis import source
from data2vis.config import ConfigError
from data2vis.decode import SLOTS, Decoder, Group, Hypothesis
from data2vis.effectiveness import Reason
from data2vis.grammar import Grammar
from data2vis.rank import candidates, choose
from data2vis.spec import IDS, MARKS, Chart
from data2vis.table import Profile, Table
from data2vis.trained import Trained

COUNT: Final = 15
_MARK_WIDTH: Final = 7  # beginnings of charts of each mark
_COLUMN_GROUPS: Final = 12
_KEPT: Final = 40  # of the charts that each group finishes, the most probable


@dataclass(frozen=True)
class Recommendation:
    """One chart: the whole Vega-Lite specification, and why."""

    spec: dict[str, Any]
    chart: Chart  # with pointers for names
    score: float  # by which they are ordered: effectiveness and the network's opinion
    effectiveness: float
    log_prob: float  # of the network
    reasons: tuple[Reason, ...]

    @property
    def reason(self) -> str:
        """What speaks for the chart, in words; what speaks against it, if nothing does."""
        good = [reason.text for reason in self.reasons if reason.points > 0]
        return (
            "; ".join(good or [f"but {reason.text}" for reason in self.reasons]) or "a plain view"
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "score": round(self.score, 3),
            "effectiveness": round(self.effectiveness, 3),
            "log_probability": round(self.log_prob, 3),
            "reason": self.reason,
            "reasons": [
                {"rule": r.rule, "points": round(r.points, 2), "text": r.text} for r in self.reasons
            ],
            "tokens": " ".join(self.chart.tokens()),
            "spec": self.spec,
        }


class Recommender:
    """Recommends charts with one network, which is loaded once; several threads may use it."""

    def __init__(self, checkpoint: str | Path | None = None) -> None:
        """`checkpoint` is the folder of a trained network or a checkpoint in it; None for the
        one that ships."""
        from tf1x.runtime import cache

        cache.enable()
        self.trained = Trained(checkpoint)
        if self.trained.options.config.level != "token":
            raise ConfigError("charts are recommended by networks of tokens, not of characters")
        self.decoder = Decoder(self.trained)

    def recommend(self, table: Table, count: int = COUNT) -> list[Recommendation]:
        """The best charts of a table, the best first; fewer where there are not so many."""
        profile = table.profile
        hypotheses = self.hypotheses(profile)
        found = candidates(((Chart.from_ids(h.ids), h.log_prob) for h in hypotheses), profile)
        return [
            Recommendation(
                table.spec(c.chart), c.chart, c.rank, c.effectiveness, c.log_prob, c.reasons
            )
            for c in choose(found, count, profile, table.draws)
        ]

    def hypotheses(self, profile: Profile) -> list[Hypothesis]:
        """Charts of all marks and all columns, by groups that do not compete with each other."""
        groups = [*_of_marks(profile), *_of_columns(profile)]
        found: dict[tuple[int, ...], Hypothesis] = {}
        for finished in self.decoder.search(source.ids(profile), groups):
            found.update((hypothesis.ids, hypothesis) for hypothesis in finished[:_KEPT])
        return list(found.values())


def _of_marks(profile: Profile) -> list[Group]:
    """A group for each mark that the table allows."""
    grammar = Grammar(profile)
    mask = grammar.mask(grammar.start)
    return [Group(grammar, _MARK_WIDTH, IDS[mark]) for mark in MARKS if mask[IDS[mark]]]


def _of_columns(profile: Profile) -> list[Group]:
    """A group for each column, of charts of it alone; for a few together where there are many."""
    columns = profile.usable
    each = -(-len(columns) // _COLUMN_GROUPS)
    parts = [columns[i : i + each] for i in range(0, len(columns), each)]
    width = (SLOTS - _MARK_WIDTH * len(MARKS)) // _COLUMN_GROUPS
    groups = []
    for part in parts:
        ids = frozenset(IDS[str(column.pointer)] for column in part)
        wanted = partial(_names_most, ids=ids)
        groups.append(Group(Grammar(Profile(profile.rows, part)), width, wanted=wanted))
    return groups


def _names_most(chart: Sequence[int], ids: frozenset[int]) -> bool:
    """Whether a chart names the columns, or two of them if there are more."""
    return len(ids.intersection(chart)) >= min(len(ids), 2)
