"""`tf.nn.ctc_*`: the same graphs and values as TensorFlow's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats

_LOGITS = floats(7, 3, 5)
_LENGTHS = np.int32([7, 4, 6])
_PLACES = np.array([[0, 0], [0, 1], [1, 0], [2, 0], [2, 1], [2, 2]], np.int64)
_VALUES = np.int32([1, 1, 2, 3, 0, 0])
_DENSE = np.int32([[2, 2, 0], [3, 0, 0], [4, 1, 1]])  # the blank is 0
_COUNTS = np.int32([2, 1, 3])


def _labels(tf: Any) -> Any:
    return tf.SparseTensor(_PLACES, _VALUES, [3, 3])


def _flat(tf: Any, found: Any) -> list[Any]:
    decoded, score = found
    parts = [
        part for sparse in decoded for part in (sparse.indices, sparse.values, sparse.dense_shape)
    ]
    return [*parts, score]


SAME: dict[str, Program] = {
    "loss": lambda tf: tf.nn.ctc_loss(_labels(tf), tf.constant(_LOGITS), _LENGTHS),
    "loss logits": lambda tf: tf.nn.ctc_loss(labels=_labels(tf), logits=_LOGITS, sequence_length=_LENGTHS, ctc_merge_repeated=False),
    "batch major": lambda tf: tf.nn.ctc_loss(_labels(tf), _LOGITS.swapaxes(0, 1).copy(), _LENGTHS, time_major=False),
    "v2 sparse": lambda tf: tf.nn.ctc_loss_v2(_labels(tf), tf.constant(_LOGITS), None, _LENGTHS, blank_index=-1),
    "greedy": lambda tf: _flat(tf, tf.nn.ctc_greedy_decoder(2 * _LOGITS, _LENGTHS)),
    "greedy all": lambda tf: _flat(tf, tf.nn.ctc_greedy_decoder(2 * _LOGITS, _LENGTHS, merge_repeated=False, blank_index=1)),
    "beams": lambda tf: _flat(tf, tf.nn.ctc_beam_search_decoder(2 * _LOGITS, _LENGTHS, 8, 3)),
    "beams v2": lambda tf: _flat(tf, tf.nn.ctc_beam_search_decoder_v2(2 * _LOGITS, _LENGTHS, top_paths=2)),
    "collapsed": lambda tf: list(tf.nn.collapse_repeated(np.int32([[1, 1, 2, 2, 1], [1, 2, 3, 4, 5]]), np.int32([5, 3]))),
}  # fmt: skip

# Values only: TensorFlow builds a loop here, and other slices.
SAME_VALUES: dict[str, Program] = {
    "gradient": lambda tf: (lambda x: tf.gradients(tf.nn.ctc_loss(_labels(tf), x, _LENGTHS) * 2.0, x)[0])(tf.constant(_LOGITS)),
    "dense": lambda tf: tf.nn.ctc_loss_v2(_DENSE, tf.constant(_LOGITS), _COUNTS, _LENGTHS),
    "dense blank": lambda tf: tf.nn.ctc_loss_v2(_DENSE - 1, tf.constant(_LOGITS), _COUNTS, _LENGTHS, blank_index=-1),
    "dense gradient": lambda tf: (lambda x: tf.gradients(tf.nn.ctc_loss_v2(_DENSE, x, _COUNTS, _LENGTHS), x)[0])(tf.constant(_LOGITS)),
    "unique": lambda tf: list(tf.nn.ctc_unique_labels(np.int32([[3, 4, 4, 3], [7, 5, 0, 0]]))),
    "sparse blank": lambda tf: tf.nn.ctc_loss_v2(tf.SparseTensor(_PLACES, _VALUES + 1, [3, 3]), tf.constant(_LOGITS), None, _LENGTHS, blank_index=0),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name], rtol=1e-4)


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False, rtol=1e-4)


def test_wide_beams_find_the_sum_over_all_alignments() -> None:
    logits = floats(4, 1, 3)
    p = np.exp(logits[:, 0] - np.log(np.exp(logits[:, 0]).sum(axis=1, keepdims=True)))
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=4):
        labels = tuple(c for c, _ in itertools.groupby(path) if c != 2)
        total[labels] = total.get(labels, 0.0) + float(np.prod(p[np.arange(4), path]))
    _, (score,) = run(
        tf1x, lambda tf: tf.nn.ctc_beam_search_decoder(logits, np.int32([4]), 100, 5, False)[1]
    )
    np.testing.assert_allclose(np.exp(score[0]), sorted(total.values())[:-6:-1], rtol=1e-5)


def test_batches_of_other_label_counts_are_not_compiled_anew() -> None:
    from tf1x.ops.ctc import _loss_and_gradient

    def loss(count: int) -> Any:
        places = np.array([[b, t] for b in range(3) for t in range(count)], np.int64)
        values = np.zeros(len(places), np.int32)
        return run(
            tf1x,
            lambda tf: tf.nn.ctc_loss(tf.SparseTensor(places, values, [3, count]), floats(9, 3, 5), np.int32([9] * 3)),
        )[1]  # fmt: skip

    loss(3)
    before = _loss_and_gradient._cache_size()
    loss(4)
    assert _loss_and_gradient._cache_size() == before


def _raising(places: Any, values: Any, lengths: Any) -> Program:
    sparse = np.array(places, np.int64), np.array(values, np.int32)
    return lambda tf: tf.nn.ctc_loss(
        tf.SparseTensor(*sparse, [3, 3]), _LOGITS, np.array(lengths, np.int32)
    )


_ONE_EACH = [[0, 0], [1, 0], [2, 0]]
ERRORS: dict[str, tuple[Program, str]] = {
    "no labels": (_raising([[0, 0], [2, 0]], [0, 1], _LENGTHS), "Labels length is zero in batch 1"),
    "after null": (_raising([[0, 0], [1, 0], [1, 1], [2, 0]], [0, 4, 1, 0], _LENGTHS), "Saw a non-null label (index >= num_classes - 1) following a null label, batch: 1"),
    "negative": (_raising(_ONE_EACH, [0, -1, 0], _LENGTHS), "All labels must be nonnegative integers, batch: 1 labels: -1"),
    "long": (_raising(_ONE_EACH, [0, 1, 0], [7, 8, 7]), "sequence_length(1) <= 7"),
    "negative length": (_raising(_ONE_EACH, [0, 1, 0], [7, -1, 7]), "seq_len(1) < 0"),
    "no time": (_raising(_ONE_EACH, [0, 1, 0], [7, 0, 7]), "Not enough time for target transition sequence (required: 1, available: 0)1"),
    "order": (_raising([[0, 0], [2, 0], [1, 0]], [0, 1, 0], _LENGTHS), "label SparseTensor is not valid: indices[2] = [1,0] is out of order"),
    "bounds": (_raising([[0, 0], [1, 0], [3, 0]], [0, 1, 0], _LENGTHS), "label SparseTensor is not valid: indices[2] = [3,0] is out of bounds: need 0 <= index < [3,1]"),
    "paths": (lambda tf: tf.nn.ctc_beam_search_decoder(_LOGITS, _LENGTHS, 1, 2)[1], "requested more paths than the beam width."),
    "leaves": (lambda tf: tf.nn.ctc_beam_search_decoder(_LOGITS, np.int32([7, 0, 7]), 9, 2)[1], "Less leaves in the beam search than requested."),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    from tests.oracle import tf1

    program, text = ERRORS[name]
    for tf in (tf1x, tf1):
        kind, message = error_of(tf, program)
        assert kind == "InvalidArgumentError"
        assert text in message


def test_misuse() -> None:
    assert error_of(tf1x, lambda tf: tf.nn.ctc_loss(_DENSE, _LOGITS, _LENGTHS))[0] == "TypeError"
    assert error_of(tf1x, lambda tf: tf.nn.ctc_loss_v2(_labels(tf), _LOGITS, None, _LENGTHS))[0] == "ValueError"  # fmt: skip
