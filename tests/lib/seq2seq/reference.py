"""Sequence networks in NumPy, written from their formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    result: Array = e / e.sum(-1, keepdims=True)
    return result


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def rnn_cell(kernel: Array, bias: Array) -> Callable[[Array, Array], Array]:
    """`BasicRNNCell`."""
    return lambda x, h: np.tanh(np.concatenate([x, h], -1) @ kernel + bias)


def masked(scores: Array, lengths: Array | None) -> Array:
    if lengths is None:
        return scores
    inside = np.arange(scores.shape[1]) < np.asarray(lengths)[:, None]
    return np.where(inside, scores, -np.inf)


def bahdanau(query: Array, keys: Array, w: Array, v: Array, g: Any = None, b: Any = None) -> Array:
    inside = keys + (query @ w)[:, None]
    if g is not None:
        inside = inside + b
        v = g * v / np.sqrt((v * v).sum())
    scores: Array = np.tanh(inside) @ v
    return scores


def luong(query: Array, keys: Array, g: Any = None) -> Array:
    scores: Array = np.einsum("bu,btu->bt", query, keys)
    return scores if g is None else g * scores


class BeamSearch:
    """A beam search over a function, one sequence of the batch, hypothesis by hypothesis.

    Args:
        step: takes (last id, state), gives (logits, new state).
        covered: takes a state, gives the alignments of its last step; None without coverage.
    """

    def __init__(
        self,
        step: Callable[[int, Any], tuple[Array, Any]],
        width: int,
        end: int,
        length_penalty: float = 0.0,
        coverage_penalty: float = 0.0,
        covered: Callable[[Any], Array] | None = None,
    ) -> None:
        self._step = step
        self._width, self._end = width, end
        self._alpha, self._beta, self._covered = length_penalty, coverage_penalty, covered

    def run(self, start: int, state: Any, steps: int) -> tuple[list[dict[str, Any]], list[Any]]:
        """The final hypotheses, best first, and the scores of each step."""
        beams = [
            {"ids": [], "last": start, "state": state, "logp": 0.0, "done": False, "length": 0,
             "seen": 0.0}
        ]  # fmt: skip
        scores = []
        for _ in range(steps):
            if all(beam["done"] for beam in beams):
                break
            found = [c for beam in beams for c in self._continued(beam)]
            found.sort(key=lambda c: -c["score"])
            beams = found[: self._width]
            scores.append([beam["score"] for beam in beams])
        return beams, scores

    def _continued(self, beam: dict[str, Any]) -> list[dict[str, Any]]:
        logits, state = self._step(beam["last"], beam["state"])
        steps = log_softmax(logits)
        if beam["done"]:
            steps = np.full_like(steps, np.finfo(np.float32).min)
            steps[self._end] = 0.0
        seen = beam["seen"]
        if self._covered is not None and not beam["done"]:
            seen = seen + self._covered(state)
        found = []
        for symbol, step in enumerate(steps):
            length = beam["length"] + (0 if beam["done"] or symbol == self._end else 1)
            score = (beam["logp"] + step) / ((5.0 + length) / 6.0) ** self._alpha
            if self._covered is not None and beam["done"]:
                positive = np.where(seen == 0, 1.0, seen)
                score += self._beta * np.log(np.minimum(positive, 1.0)).sum()
            found.append(
                {
                    "ids": [*beam["ids"], symbol],
                    "last": symbol,
                    "state": state,
                    "logp": beam["logp"] + step,
                    "done": beam["done"] or symbol == self._end,
                    "length": beam["length"] + (0 if beam["done"] else 1),
                    "seen": seen,
                    "score": score,
                }
            )
        return found
