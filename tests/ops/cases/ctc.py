"""Cases of ops/ctc.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats

_PLACES = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [2, 0], [2, 1], [2, 2]], np.int64)
_LABELS = np.int32([1, 1, 0, 2, 3, 0, 0])
_LENGTHS = np.int32([7, 4, 6])
_NOTE = "TensorFlow's logarithms and exponentials are those of float32 in float64 too"


def _loss(note: str, *inputs: Any, **attrs: bool) -> Case:
    given = inputs or (floats(7, 3, 5), _PLACES, _LABELS, _LENGTHS)
    return Case(
        "CTCLoss", given, attrs, rtol=1e-4, rtol64=1e-5, atol64=1e-6, note=f"{note}: {_NOTE}"
    )


def _decoder(op: str, note: str, length: int = 6, **attrs: Any) -> Case:
    inputs = 2 * floats(length, 3, 5, seed=3)
    lengths = np.int32([length, 2, length - 1])
    return Case(
        op,
        (inputs, lengths),
        attrs,
        grad=False,
        data_dependent=True,
        rtol64=1e-6,
        note=f"{note}: {_NOTE}",
    )


CASES = [
    _loss("plain"),
    _loss("collapsed", preprocess_collapse_repeated=True),
    _loss("not merged", ctc_merge_repeated=False),
    _loss("collapsed, not merged", preprocess_collapse_repeated=True, ctc_merge_repeated=False),
    _loss("too long", floats(7, 3, 5), _PLACES, _LABELS, np.int32([2, 4, 0]), ignore_longer_outputs_than_inputs=True),
    _loss("impossible", floats(7, 3, 5), _PLACES, _LABELS, np.int32([3, 4, 6])),
    _loss("null labels", floats(7, 3, 5), _PLACES, np.int32([1, 1, 4, 2, 3, 7, 7]), _LENGTHS),
    _loss("extreme", 80 * floats(7, 3, 5), _PLACES, _LABELS, _LENGTHS),
    _loss("one step", floats(1, 1, 3), np.int64([[0, 0]]), np.int32([0]), np.int32([1])),
    _decoder("CTCGreedyDecoder", "plain"),
    _decoder("CTCGreedyDecoder", "merged", merge_repeated=True),
    _decoder("CTCGreedyDecoder", "blank", blank_index=1),
    _decoder("CTCBeamSearchDecoder", "plain", beam_width=4, top_paths=1),
    _decoder("CTCBeamSearchDecoder", "paths", beam_width=10, top_paths=4, merge_repeated=False),
    _decoder("CTCBeamSearchDecoder", "wide", 30, beam_width=100, top_paths=5, merge_repeated=False),
    _decoder("CTCBeamSearchDecoder", "narrow", 30, beam_width=3, top_paths=3),
]  # fmt: skip
