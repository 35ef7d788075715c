"""Loops of `tf.contrib.rnn`: stacked bidirectional ones, and networks over all steps at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.contrib.rnn.formulas import numbers

rnn = tf1x.contrib.rnn


def _run(fetches: Any) -> Any:
    """With the same weights each time, by name."""
    variables = sorted(tf1x.global_variables(), key=lambda v: v.op.name)
    values = [numbers(*v.shape.as_list(), seed=i) for i, v in enumerate(variables)]
    with tf1x.Session() as session:
        session.run([tf1x.assign(v, x) for v, x in zip(variables, values, strict=True)])
        return session.run(fetches)


def _cells(count: int) -> list[Any]:
    return [rnn.LSTMCell(3) for _ in range(count)]


def test_stacked_directions() -> None:
    """The dynamic form gives what the static one gives, and the variables have the same names."""
    x, lengths = numbers(2, 4, 3), [4, 2]
    with tf1x.Graph().as_default():
        outputs, fw, bw = rnn.stack_bidirectional_dynamic_rnn(
            _cells(2), _cells(2), tf1x.constant(x), dtype=tf1x.float32, sequence_length=lengths
        )
        names = [v.op.name for v in tf1x.global_variables()]
        dynamic = _run([outputs, fw, bw])
    with tf1x.Graph().as_default():
        outputs, fw, bw = rnn.stack_bidirectional_rnn(
            _cells(2),
            _cells(2),
            tf1x.unstack(tf1x.constant(x), axis=1),
            dtype=tf1x.float32,
            sequence_length=lengths,
        )
        static = _run([tf1x.stack(outputs, 1), fw, bw])
        assert [v.op.name.replace("/bidirectional_rnn", "") for v in tf1x.global_variables()] == [
            name.replace("/bidirectional_rnn", "") for name in names
        ]
    assert names[0] == "stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/lstm_cell/kernel"
    assert dynamic[0].shape == (2, 4, 6)
    for a, b in zip(tf1x.nest.flatten(dynamic), tf1x.nest.flatten(static), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="at least one fw cell"):
        rnn.stack_bidirectional_rnn([], _cells(1), [])
    with pytest.raises(ValueError, match="same depth"):
        rnn.stack_bidirectional_dynamic_rnn(_cells(1), _cells(2), x)


@pytest.mark.parametrize("lengths", [None, [4, 2]], ids=str)
def test_fused_lstm(lengths: Any) -> None:
    """`LSTMBlockFusedCell` is an `LSTMCell` in a loop."""
    x = numbers(4, 2, 3)
    found = []
    for fused in (True, False):
        with tf1x.Graph().as_default():
            inputs = tf1x.constant(x)
            if fused:
                cell = rnn.LSTMBlockFusedCell(3, use_peephole=True, name="lstm")
                outputs, state = cell(inputs, dtype=tf1x.float32, sequence_length=lengths)
            else:
                cell = rnn.FusedRNNCellAdaptor(
                    rnn.LSTMCell(3, use_peepholes=True, name="lstm"), use_dynamic_rnn=True
                )
                outputs, state = cell(inputs, dtype=tf1x.float32, sequence_length=lengths)
            total = sum(tf1x.reduce_sum(tf1x.square(t)) for t in (outputs, *state))
            variables = sorted(tf1x.trainable_variables(), key=lambda v: v.op.name)
            names = [v.op.name.removeprefix("rnn/") for v in variables]
            assert names == [
                f"lstm/{n}" for n in ("bias", "kernel", "w_f_diag", "w_i_diag", "w_o_diag")
            ]
            found.append(_run([outputs, *state, *tf1x.gradients(total, [inputs, *variables])]))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lengths", [None, [4, 2]], ids=str)
@pytest.mark.parametrize("dynamic", [True, False])
def test_adaptors(dynamic: bool, lengths: Any) -> None:
    """Lists and tensors, loops and copies, forward and backward agree."""
    x = numbers(4, 2, 3)
    found = []
    for as_list in (True, False):
        with tf1x.Graph().as_default():
            inputs: Any = tf1x.constant(x)
            if as_list:
                inputs = tf1x.unstack(inputs)
            cell = rnn.FusedRNNCellAdaptor(rnn.GRUCell(3), use_dynamic_rnn=dynamic)
            cell = rnn.TimeReversedFusedRNN(cell)
            outputs, state = cell(inputs, dtype=tf1x.float32, sequence_length=lengths)
            assert isinstance(outputs, list) == as_list
            found.append(_run([tf1x.convert_to_tensor(outputs), state]))
    with tf1x.Graph().as_default():
        cells = rnn.GRUCell(3), rnn.GRUCell(3)
        outputs, states = tf1x.nn.bidirectional_dynamic_rnn(
            *cells, x, lengths, dtype=tf1x.float32, time_major=True
        )
        variables = [v for v in tf1x.global_variables() if "/bw/" in v.op.name]
        variables.sort(key=lambda v: v.op.name)
        with tf1x.Session() as session:
            session.run(tf1x.global_variables_initializer())
            for i, v in enumerate(variables):
                session.run(tf1x.assign(v, numbers(*v.shape.as_list(), seed=i)))
            expected = session.run([outputs[1], states[1]])
    for result in found:
        for a, b in zip(result, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rnn.LSTMBlockCell(3),
        lambda: rnn.LayerNormBasicLSTMCell(3),
        lambda: rnn.AttentionCellWrapper(rnn.LSTMCell(3), 2),
        lambda: rnn.HighwayWrapper(rnn.NASCell(3)),
        lambda: rnn.PhasedLSTMCell(3),
    ],
    ids=["block", "layer norm", "attention", "highway", "phased"],
)
def test_in_loops(make: Any) -> None:
    """In a loop a cell gives what it gives step by step, and has gradients."""
    x, times = numbers(2, 4, 3), np.arange(8, dtype=np.float32).reshape(2, 4, 1)
    found = []
    for dynamic in (True, False):
        with tf1x.Graph().as_default():
            cell = make()
            inputs: Any = tf1x.constant(x)
            if isinstance(cell, rnn.PhasedLSTMCell):
                inputs = tf1x.constant(times), inputs
            if dynamic:
                outputs, _ = tf1x.nn.dynamic_rnn(cell, inputs, dtype=tf1x.float32)
            else:
                steps = [tf1x.unstack(part, axis=1) for part in tf1x.nest.flatten(inputs)]
                steps = [tf1x.nest.pack_sequence_as(inputs, s) for s in zip(*steps, strict=True)]
                outputs, _ = tf1x.nn.static_rnn(cell, steps, dtype=tf1x.float32)
                outputs = tf1x.stack(outputs, 1)
            variables = sorted(tf1x.trainable_variables(), key=lambda v: v.op.name)
            gradients = tf1x.gradients(tf1x.square(outputs), variables)
            found.append(_run([outputs, *(g for g in gradients if g is not None)]))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
