"""A table in, ranked charts out.

from data2vis import Recommender
for found in Recommender().recommend(Table.read("cars.csv"), count=15):
    print(found.score, found.reason, found.spec)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from data2vis import source, words
from data2vis.config import ConfigError
from data2vis.decode import SLOTS, Decoder, Group, Hypothesis
from data2vis.effectiveness import Reason
from data2vis.grammar import Grammar
from data2vis.rank import Candidate, candidates, choose, most_alike
from data2vis.spec import IDS, MARKS, Chart
from data2vis.table import Column, Profile, Table
from data2vis.trained import Trained

COUNT: Final = 15
_MARK_WIDTH: Final = 7  # beginnings of charts of each mark
_COLUMN_GROUPS: Final = 12
_SIMILAR_WIDTH: Final = 32
_OTHERS: Final = 20  # columns that are tried beside given ones
_KEPT: Final = 40  # of the charts that each group finishes, the most probable


@dataclass(frozen=True)
class Recommendation:
    """One chart of a table, and why."""

    table: Table
    chart: Chart  # with pointers for names
    score: float  # by which they are ordered: effectiveness and the network's opinion
    effectiveness: float
    log_prob: float  # of the network
    reasons: tuple[Reason, ...]

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The whole Vega-Lite specification, with all rows."""
        return self.table.spec(self.chart)

    @property
    def title(self) -> str:
        """What the chart shows, in words."""
        return words.title(self.chart, self.table)

    @property
    def reason(self) -> str:
        """What speaks for the chart, in words; what speaks against it, if nothing does."""
        good = [reason.text for reason in self.reasons if reason.points > 0]
        return (
            "; ".join(good or [f"but {reason.text}" for reason in self.reasons]) or "a plain view"
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**self.about(), "spec": self.spec}

    def about(self) -> dict[str, Any]:
        """What `to_json` gives but for the specification, which holds the rows."""
        return {
            "score": round(self.score, 3),
            "effectiveness": round(self.effectiveness, 3),
            "log_probability": round(self.log_prob, 3),
            "reason": self.reason,
            "reasons": [
                {"rule": r.rule, "points": round(r.points, 2), "text": r.text} for r in self.reasons
            ],
            "title": self.title,
            "tokens": " ".join(self.chart.tokens()),
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

    def recommend(
        self,
        table: Table,
        count: int = COUNT,
        marks: Collection[str] = (),
        fields: Collection[str] = (),
    ) -> list[Recommendation]:
        """The best charts of a table, the best first; fewer where there are not so many.

        With `marks`, charts of one of these only; with `fields` (names of columns), charts that
        show all of these.
        """
        profile = table.profile
        pointers = frozenset(table.pointer(name) for name in fields)
        found = candidates(self._charts(self.hypotheses(profile, marks, pointers)), profile)
        wanted = [c for c in found if (not marks or c.chart.mark in marks) and pointers <= c.fields]
        return _recommendations(table, choose(wanted, count, profile, table.draws))

    def similar(self, table: Table, chart: Chart, count: int = COUNT) -> list[Recommendation]:
        """Charts like one of the table's: its columns in other forms, its form of others."""
        profile = table.profile
        own = [profile[pointer] for pointer in chart.fields]
        # Narrow groups, since there are two for each column that can be added.
        sets = list(_with_others(profile, own))
        groups = [
            Group(Grammar(profile), _SIMILAR_WIDTH, IDS[chart.mark]),
            *(Group(Grammar(part), _SIMILAR_WIDTH // 2) for part in sets[:1]),
            *(Group(Grammar(part), 2) for part in sets[1:]),
            *(Group(Grammar(part), 2, IDS[chart.mark]) for part in sets[1:]),
        ]
        found = candidates(self._charts(self._search(profile, groups)), profile)
        return _recommendations(table, most_alike(found, chart, count, table.draws))

    def _charts(self, hypotheses: Sequence[Hypothesis]) -> list[tuple[Chart, float]]:
        return [(Chart.from_ids(h.ids), h.log_prob) for h in hypotheses]

    def hypotheses(
        self, profile: Profile, marks: Collection[str] = (), fields: Collection[str] = ()
    ) -> list[Hypothesis]:
        """Charts of all marks and all columns, by groups that do not compete with each other.

        `marks` and `fields` (pointers) say which charts to search for.
        """
        if not fields:
            groups = [*_of_marks(profile, marks), *([] if marks else _of_columns(profile))]
        else:
            sets = list(_with_others(profile, [profile[pointer] for pointer in fields]))
            chosen = [None, *(IDS[mark] for mark in marks)][bool(marks) :]
            sets = sets[: max(1, SLOTS // len(chosen))]
            width = SLOTS // (len(sets) * len(chosen))
            groups = [Group(Grammar(part), width, mark) for part in sets for mark in chosen]
        return self._search(profile, groups)

    def _search(self, profile: Profile, groups: Sequence[Group]) -> list[Hypothesis]:
        found: dict[tuple[int, ...], Hypothesis] = {}
        for finished in self.decoder.search(source.ids(profile), groups):
            found.update((hypothesis.ids, hypothesis) for hypothesis in finished[:_KEPT])
        return list(found.values())


def _recommendations(table: Table, chosen: Sequence[Candidate]) -> list[Recommendation]:
    return [
        Recommendation(table, c.chart, c.rank, c.effectiveness, c.log_prob, c.reasons)
        for c in chosen
    ]


def _of_marks(profile: Profile, marks: Collection[str] = ()) -> list[Group]:
    """A group for each mark that the table allows, or for those of `marks`, then wider ones."""
    grammar = Grammar(profile)
    mask = grammar.mask(grammar.start)
    width = SLOTS // len(marks) if marks else _MARK_WIDTH
    return [Group(grammar, width, IDS[m]) for m in marks or MARKS if mask[IDS[m]]]


def _with_others(profile: Profile, own: Sequence[Column]) -> Iterator[Profile]:
    """The table of some of its columns, if any, and of these with one of the others."""
    if own:
        yield Profile(profile.rows, tuple(own))
    others = [column for column in profile.usable if column not in own]
    for other in others[:_OTHERS]:
        yield Profile(profile.rows, (*own, other))


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
