"""Batches of ever new lengths: one program a bucket, and the numbers of a program for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.runtime import buckets
from tf1x.runtime import compile as compiling

DEPTH, UNITS, BATCH, SYMBOLS = 3, 4, 2, 6
LENGTHS = (6, 8, 12)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one with every segment that is compiled."""
    found: list[Any] = []
    for kind in (compiling.Compiled, buckets.PaddedSegment):
        original = kind._compile

        def noted(self: Any, *args: Any, original: Any = original) -> Any:
            function = original(self, *args)
            found.append(self)
            return function

        monkeypatch.setattr(kind, "_compile", noted)
    return found


def _feeds(length: int) -> dict[str, Any]:
    rng = np.random.RandomState(length)
    return {
        "x:0": rng.randn(BATCH, length, DEPTH).astype("f"),
        "ids:0": rng.randint(0, SYMBOLS, (BATCH, length)).astype(np.int32),
        "next:0": rng.randint(0, SYMBOLS, (BATCH, length + 1)).astype(np.int32),
        "n:0": np.array([length, rng.randint(1, length)], np.int32),
    }


def _inputs() -> tuple[Any, Any, Any, Any]:
    return (
        tf.placeholder(tf.float32, [None, None, DEPTH], "x"),
        tf.placeholder(tf.int32, [None, None], "ids"),
        tf.placeholder(tf.int32, [None, None], "next"),
        tf.placeholder(tf.int32, [None], "n"),
    )


def _trained(loss: Any, *others: Any) -> Any:
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    return [loss, *others, *tf.gradients(loss, tf.trainable_variables()), train]


def _last_state() -> Any:
    x, _, _, n = _inputs()
    _, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(UNITS), x, n, dtype=tf.float32)
    return _trained(tf.reduce_mean(tf.square(state)), state)


def _last_output() -> Any:
    x, *_ = _inputs()
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(UNITS), x, dtype=tf.float32)
    return _trained(tf.reduce_sum(tf.layers.dense(outputs[:, -1], 1)), outputs)


def _tagger() -> Any:
    """A word and a loss at each step, over two layers; the mean of all."""
    _, ids, following, _ = _inputs()
    table = tf.get_variable("table", [SYMBOLS, DEPTH])
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(2)]
    outputs, _ = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.MultiRNNCell(cells), tf.nn.embedding_lookup(table, ids), dtype=tf.float32
    )
    flat = tf.layers.dense(tf.reshape(outputs, [-1, UNITS]), SYMBOLS)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(following[:, 1:], [-1]), logits=flat
    )
    predicted = tf.argmax(tf.reshape(flat, [BATCH, -1, SYMBOLS]), 2)
    return _trained(tf.reduce_mean(losses), predicted, flat)


def _both_directions() -> Any:
    x, _, _, n = _inputs()
    cells = [tf.nn.rnn_cell.GRUCell(UNITS) for _ in range(2)]
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, x, n, dtype=tf.float32)
    joined = tf.concat(outputs, 2)
    steps = tf.cast(tf.shape(x)[1], tf.float32)
    mask = tf.sequence_mask(n, tf.shape(x)[1], dtype=tf.float32)
    weights = tf.nn.softmax(tf.reduce_sum(joined, 2) + tf.log(mask + 1e-9))
    attended = tf.reduce_sum(joined * weights[:, :, None], 1)
    return _trained(tf.reduce_sum(tf.square(attended)) / steps, attended, weights)


def _reversed_and_summed() -> Any:
    x, *_ = _inputs()
    turned = tf.reverse(x, [1])
    w = tf.get_variable("w", [DEPTH])
    total = tf.scan(lambda a, row: tf.tanh(a * w + row), tf.transpose(turned, [1, 0, 2]))
    greatest = tf.reduce_max(total, 0) + tf.cumsum(total, 0, reverse=True)[1]
    return _trained(tf.reduce_mean(greatest), total)


def _whole_layers() -> Any:
    """LSTMs wide enough for the kernel that takes all steps, and where they end."""
    x, _, _, n = _inputs()
    parts = []
    for lengths in (None, n):
        with tf.variable_scope("all" if lengths is None else "some"):
            cells = [tf.nn.rnn_cell.BasicLSTMCell(units) for units in (16, 20)]
            cell = tf.nn.rnn_cell.MultiRNNCell(cells)
            outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
        parts += [outputs, *(part for layer in state for part in layer)]
    return _trained(tf.add_n([tf.reduce_sum(tf.square(part)) for part in parts]), *parts)


PROGRAMS = [
    *(_last_state, _last_output, _tagger, _both_directions, _reversed_and_summed, _whole_layers)
]


def _results(program: Any, lengths: Any) -> list[Any]:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(1)
        fetches = program()
        names = {op.name for op in graph.get_operations()}
        session.run(tf.global_variables_initializer())
        found = []
        for length in lengths:
            feeds = {k: v for k, v in _feeds(length).items() if k.partition(":")[0] in names}
            found.append(session.run(fetches, feeds)[:-1])
        return found


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__.strip("_"))
def test_the_numbers_are_those_of_a_program_for_each_length(
    program: Any, compiled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "_DIFFERENT", 1)
    found = _results(program, LENGTHS)
    padded = [c for c in compiled if isinstance(c, buckets.PaddedSegment)]
    assert len(padded) == 2, "lengths up to 8, and up to 16"
    monkeypatch.setattr(buckets.Layout, "of", staticmethod(lambda *args: None))
    wanted = _results(program, LENGTHS)
    for length, ours, theirs in zip(LENGTHS, found, wanted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            a, b = (x.values if hasattr(x, "values") else x for x in (a, b))
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=str(length))


def test_one_program_a_bucket(compiled: list[Any]) -> None:
    """Two lengths are compiled as they come; then one program up to 8, and one up to 16."""
    counts = []
    with tf.Graph().as_default(), tf.Session() as session:
        x, _, _, n = _inputs()
        cell = tf.nn.rnn_cell.BasicRNNCell(UNITS)
        _, state = tf.nn.dynamic_rnn(cell, x, n, dtype=tf.float32)
        session.run(tf.global_variables_initializer())
        compiled.clear()
        for length in (5, 7, 6, 8, 5, 12, 10, 9, 15, 16, 13, 7):
            feeds = _feeds(length)
            session.run(state, {x: feeds["x:0"], n: feeds["n:0"]})
            counts.append(len(compiled))
    assert counts == [1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_what_is_not_known_to_be_right_is_compiled_for_each_length(compiled: list[Any]) -> None:
    """The order of the steps by size: padding would be sorted among them."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        total = tf.foldl(lambda a, b: a * 0.5 + b, tf.nn.top_k(x, tf.size(x))[0])
        for length in (5, 6, 7, 8):
            values = np.arange(float(length))
            wanted = 0.0
            for i, value in enumerate(values[::-1]):
                wanted = value if i == 0 else wanted * 0.5 + value
            np.testing.assert_allclose(session.run(total, {x: values}), wanted, rtol=1e-6)
    assert not any(isinstance(c, buckets.PaddedSegment) for c in compiled)


def test_lengths_that_go_together() -> None:
    """The same length, one more, and another one; the batch stays."""
    seen = [((2, 6, 3), (2, 7), (9,)), ((2, 8, 3), (2, 9), (5,))]
    layout = buckets.Layout.of(seen, ((2, 7, 3), (2, 8), (6,)))
    assert layout is not None
    assert layout.greatest == (8, 8)
    assert layout.sizes(((2, 6, 3), (2, 7), (8,))) == (6, 8)
    for other in (
        ((2, 6, 3), (2, 6), (8,)), ((3, 6, 3), (3, 7), (8,)), ((2, 4, 3), (2, 5), (8,)),
        ((2, 6, 3), (2, 7), (9,)), ((2, 6, 3), (2, 7)),
    ):  # fmt: skip
        assert layout.sizes(other) is None
