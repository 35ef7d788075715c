"""Beam search: the network's tokens held to the grammar of a table, or the network alone.

`Decoder.search` keeps the best beginnings of charts in groups. Each group has its own grammar (of
all columns, or of some) and perhaps its mark, so that the groups come to different charts. The
network computes a step for all beginnings of all groups at once; which tokens are allowed and
which beginnings go on is decided here, on the host.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from data2vis.grammar import Grammar, Mask, Walk
from data2vis.spec import VOCABULARY
from data2vis.trained import Trained
from data2vis.vocabulary import END_ID, PAD_ID, START_ID

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]

SLOTS: Final = 128  # beginnings that the network goes on with at once
_LONGEST: Final = 24  # tokens of a chart: five encodings of four, the mark and the end
# What most sources are padded to; the others to the longest that there may be: two programs.
_SOURCE_LENGTH: Final = 64


@dataclass(frozen=True)
class Group:
    """Beginnings that compete with each other only.

    `mark` is the id of the first token, if that is given; `wanted` says which finished charts (as
    ids) are taken.
    """

    grammar: Grammar
    width: int
    mark: int | None = None
    wanted: Callable[[Sequence[int]], bool] = lambda ids: True

    def mask(self, walk: Walk) -> Mask:
        """Which tokens may come next."""
        allowed = self.grammar.mask(walk)
        if not walk.ids and self.mark is not None:
            allowed = allowed & (np.arange(len(VOCABULARY)) == self.mark)
        return allowed


@dataclass(frozen=True)
class Hypothesis:
    """A finished sequence, `<end>` last, and its log probability."""

    ids: tuple[int, ...]
    log_prob: float


@dataclass
class Beams:
    """What a search kept in each step: tokens, what each goes on from, log probabilities.

    Lists of one array a step; the arrays of a step are equally long.
    """

    predicted_ids: list[Ids] = field(default_factory=list)
    beam_parent_ids: list[Ids] = field(default_factory=list)
    log_probs: list[Floats] = field(default_factory=list)

    def add(self, ids: Sequence[int], parents: Sequence[int], log_probs: Sequence[float]) -> None:
        """Notes a step."""
        self.predicted_ids.append(np.array(ids, np.int32))
        self.beam_parent_ids.append(np.array(parents, np.int32))
        self.log_probs.append(np.array(log_probs, np.float32))


class _Beam:
    """A beginning: where it stands in the grammar, how probable it is, which slot it goes on from."""

    __slots__ = ("log_prob", "slot", "walk")

    def __init__(self, walk: Walk, log_prob: float, slot: int) -> None:
        self.walk = walk
        self.log_prob = log_prob
        self.slot = slot

    @property
    def last(self) -> int:
        return self.walk.ids[-1] if self.walk.ids else START_ID


class Decoder:
    """Searches with one network; several threads may use it."""

    def __init__(self, trained: Trained) -> None:
        self.trained = trained
        self._model = trained.model
        self._lock = threading.Lock()
        self._beam_searches: dict[int, Any] = {}
        with trained.graph.as_default():
            self._step = trained.model.decoding_step()

    # -- with the grammar ------------------------------------------------------------------------

    def search(
        self, source: Sequence[int], groups: Sequence[Group], beams: Beams | None = None
    ) -> list[list[Hypothesis]]:
        """The finished charts of each group, the most probable first.

        A chart is finished wherever the grammar lets a beginning end, however improbable, so there
        are more of them than the groups are wide. All widths together are at most `SLOTS`.
        """
        if sum(group.width for group in groups) > SLOTS:
            raise ValueError(f"the groups together are wider than {SLOTS}")
        network = _Running(self, source, SLOTS)
        live = [[_Beam(group.grammar.start, 0.0, 0)] for group in groups]
        finished: list[dict[tuple[int, ...], float]] = [{} for _ in groups]
        for _ in range(_LONGEST):
            every = [beam for part in live for beam in part]
            if not every:
                break
            log_probs = network.step([b.slot for b in every], [b.last for b in every])
            slot = 0
            for i, group in enumerate(groups):
                part = live[i]
                totals = _totals(group, part, log_probs[slot : slot + len(part)])
                for beam, total in zip(part, totals[:, END_ID].tolist()):
                    ids = (*beam.walk.ids, END_ID)
                    if total > -np.inf and group.wanted(ids):
                        finished[i][ids] = total
                totals[:, END_ID] = -np.inf
                live[i] = [
                    _Beam(group.grammar.advance(part[row].walk, token), total, slot + row)
                    for row, token, total in _best(totals, group.width)
                ]
                slot += len(part)
            if beams is not None:
                _note(beams, [beam for part in live for beam in part])
        return [
            [Hypothesis(ids, p) for ids, p in sorted(found.items(), key=lambda item: -item[1])]
            for found in finished
        ]

    # -- the network alone -----------------------------------------------------------------------

    def raw(
        self, source: Sequence[int], beam_width: int, beams: Beams | None = None
    ) -> list[Hypothesis]:
        """The network's own best sequences, the best first; nothing keeps them to the grammar."""
        padded, length = self._padded(source)
        feed = {self._model.source: padded, self._model.source_lengths: [length]}
        found, steps = self.trained.session.run(self._beam_search(beam_width), feed)
        if beams is not None:
            for step in zip(steps.predicted_ids[0], steps.parent_ids[0], steps.scores[0]):
                beams.add(*step)
        hypotheses = []
        for beam in range(beam_width):
            ids = found[0, :, beam].tolist()
            if END_ID in ids:
                ids = ids[: ids.index(END_ID) + 1]
            hypotheses.append(Hypothesis(tuple(ids), float(steps.scores[0, -1, beam])))
        return hypotheses

    def _beam_search(self, beam_width: int) -> Any:
        with self._lock:
            if beam_width not in self._beam_searches:
                with self.trained.graph.as_default():
                    outputs = self._model.beam_search(beam_width)
                self._beam_searches[beam_width] = (
                    outputs.predicted_ids,
                    outputs.beam_search_decoder_output,
                )
            return self._beam_searches[beam_width]

    # -- where it looks --------------------------------------------------------------------------

    def attention(self, source: Sequence[int], ids: Sequence[int]) -> Floats:
        """How much the network looks at each token of a source as it writes each of `ids`.

        [len(ids), len(source)]; rows sum to one. Empty for a network without attention.
        """
        if self._step.scores is None:
            return np.zeros([0, len(source)], np.float32)
        network = _Running(self, source, SLOTS)
        rows = []
        for last in [START_ID, *ids[:-1]]:
            network.step([0], [last])
            rows.append(network.scores[0, : network.length])
        found: Floats = np.stack(rows)
        is_reversed = self.trained.options.config["source.reverse"]
        return found[:, ::-1] if is_reversed else found

    # -- parts -----------------------------------------------------------------------------------

    def _padded(self, source: Sequence[int]) -> tuple[Ids, int]:
        """A source as a batch of one, padded to one of few lengths."""
        longest = self.trained.options.config["source.max_seq_len"]
        ids = list(source[:longest])
        size = longest if len(ids) > _SOURCE_LENGTH else min(_SOURCE_LENGTH, longest)
        padded = np.full([1, size], PAD_ID, np.int32)
        padded[0, : len(ids)] = ids
        return padded, len(ids)


class _Running:
    """The network on its way through the targets of one source."""

    def __init__(self, decoder: Decoder, source: Sequence[int], slots: int) -> None:
        model = decoder._model
        padded, self.length = decoder._padded(source)
        self._session = decoder.trained.session
        self._step = decoder._step
        self._slots = slots
        feed = {model.source: padded, model.source_lengths: [self.length]}
        memory, *first = self._session.run([model.memory, *model.first_state], feed)
        self._source = {model.memory: memory, model.source_lengths: [self.length]}
        self._state = [np.repeat(x, slots, 0) for x in first]
        self.scores: Any = None

    def step(self, parents: Sequence[int], ids: Sequence[int]) -> Floats:
        """Log probabilities of all tokens after each slot's last, [len(ids), tokens].

        A slot goes on from the state of the slot `parents` before.
        """
        step, unused = self._step, self._slots - len(ids)
        feed = {
            **self._source,
            step.parents: np.array([*parents, *[0] * unused], np.int32),
            step.ids: np.array([*ids, *[PAD_ID] * unused], np.int32),
            **dict(zip(step.state, self._state)),
        }
        fetches = [step.log_probs, step.new_state]
        if step.scores is not None:
            fetches.append(step.scores)
        log_probs, self._state, *scores = self._session.run(fetches, feed)
        self.scores = scores[0] if scores else None
        return np.asarray(log_probs[: len(ids)], np.float32)


def _totals(group: Group, beams: Sequence[_Beam], log_probs: Floats) -> Floats:
    """Log probabilities of the beginnings with each token; minus infinity where not allowed."""
    if not beams:
        return np.empty([0, len(VOCABULARY)], np.float32)
    allowed = np.stack([group.mask(beam.walk) for beam in beams])
    before = np.array([[beam.log_prob] for beam in beams], np.float32)
    return np.where(allowed, before + log_probs, np.float32(-np.inf))


def _best(totals: Floats, count: int) -> list[tuple[int, int, float]]:
    """The best continuations: row, token and log probability; at most `count`."""
    flat = totals.ravel()
    if flat.size > count:
        places = np.argpartition(-flat, count)[:count]
    else:
        places = np.arange(flat.size)
    places = places[np.argsort(-flat[places], kind="stable")]
    return [
        (*divmod(int(place), totals.shape[1]), float(flat[place]))
        for place in places
        if flat[place] > -np.inf
    ]


def _note(beams: Beams, live: Sequence[_Beam]) -> None:
    if live:
        beams.add([b.last for b in live], [b.slot for b in live], [b.log_prob for b in live])
