"""LSTM cells in loops: which the kernel computes, and that the numbers are TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1
from tf1x.native import lstm
from tf1x.runtime import per_step

BATCH, STEPS, UNITS = 3, 5, 20


def basic(tf: Any) -> Any:
    return tf.nn.rnn_cell.BasicLSTMCell(UNITS)


def two_layers(tf: Any) -> Any:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=0.3), tf.nn.rnn_cell.LSTMCell(16)]
    return tf.nn.rnn_cell.MultiRNNCell(cells)


def projected(tf: Any) -> Any:
    return tf.nn.rnn_cell.LSTMCell(UNITS, num_proj=7)


def concatenated_state(tf: Any) -> Any:
    return tf.nn.rnn_cell.BasicLSTMCell(UNITS, state_is_tuple=False)


def _written_out(
    gates_of: Callable[[Any, Any], Any], own_memory: bool = True
) -> Callable[[Any], Any]:
    """A cell of the user's own: `gates_of(tf, gates)` are the gates i, j, f, o before sigmoid and tanh.

    Without a memory of its own there is one row for the whole batch, a variable.
    """

    def make(tf: Any) -> Any:
        class Cell(tf.nn.rnn_cell.RNNCell):
            state_size = (UNITS, UNITS)
            output_size = UNITS

            def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
                c, h = state
                w = tf.get_variable("w", [inputs.shape[1] + UNITS, 4 * UNITS])
                if not own_memory:
                    c = tf.get_variable("c", [1, UNITS])
                i, j, f, o, extra = gates_of(tf, tf.matmul(tf.concat([inputs, h], 1), w))
                c = tf.tanh(j) * tf.sigmoid(i) + c * tf.sigmoid(f)
                h = tf.sigmoid(o) * tf.tanh(c)
                return h + extra, (c, h)

        return Cell()

    return make


def _other_order(tf: Any, gates: Any) -> Any:
    o, f, i, j = tf.split(gates, 4, 1)
    return i, j, f, o, 0.0


def _gate_used_elsewhere(tf: Any, gates: Any) -> Any:
    i, j, f, o = tf.split(gates, 4, 1)
    return i, j, f, o, tf.sigmoid(i)


def _input_bias(tf: Any, gates: Any) -> Any:
    i, j, f, o = tf.split(gates, 4, 1)
    return i + 1.0, j, f, o, 0.0


def peepholes(tf: Any) -> Any:
    return tf.nn.rnn_cell.LSTMCell(UNITS, use_peepholes=True)


def clipped(tf: Any) -> Any:
    return tf.nn.rnn_cell.LSTMCell(UNITS, cell_clip=0.2)


def rectified(tf: Any) -> Any:
    return tf.nn.rnn_cell.BasicLSTMCell(UNITS, activation=tf.nn.relu)


def narrow(tf: Any) -> Any:
    return tf.nn.rnn_cell.BasicLSTMCell(8)


# How many steps of each cell the kernel takes over.
CELLS = {
    basic: 1,
    two_layers: 2,
    projected: 1,
    concatenated_state: 1,
    _written_out(_other_order): 1,
    _written_out(_other_order, own_memory=False): 1,
    _written_out(_gate_used_elsewhere): 0,
    _written_out(_input_bias): 0,
    peepholes: 0,
    clipped: 0,
    rectified: 0,
    narrow: 0,
}
NAMES = [
    *("basic", "two layers", "projected", "concatenated state", "another order", "one memory"),
    *("gate used elsewhere", "bias of the input gate", "peepholes", "clipped", "relu", "narrow"),
]


def _leaves(state: Any) -> list[Any]:
    if isinstance(state, tuple):
        return [leaf for part in state for leaf in _leaves(part)]
    return [state]


def _results(
    tf: Any, cell: Any, batches: tuple[int, ...] = (BATCH,), same_length: bool = False
) -> list[Any]:
    """For each batch the outputs, and once more beside the loss and its gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, STEPS, 6])
        length = tf.placeholder(tf.int32, [None])
        lengths = None if same_length else length
        y, state = tf.nn.dynamic_rnn(cell(tf), x, lengths, dtype=tf.float32)
        loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in (y, *_leaves(state))])
        variables = tf.trainable_variables()
        session.run(tf.global_variables_initializer())
        rng = np.random.RandomState(0)
        for v in variables:
            v.load(rng.randn(*v.shape.as_list()).astype("f4") / 2, session)
        fetches = [y, loss, *tf.gradients(loss, [x, *variables])]
        results = []
        for batch in batches:
            feed = {x: rng.randn(batch, STEPS, 6), length: rng.randint(1, STEPS + 1, batch)}
            results += [session.run(y, feed), *session.run(fetches, feed)]
        return results


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
def test_equals_tensorflow(kernels: Any, cell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    original = per_step.lstm_steps

    def noted(function: Any) -> Any:
        found = original(function)
        taken.append(len(found))
        return found

    monkeypatch.setattr(per_step, "lstm_steps", noted)
    for ours, theirs in zip(_results(tf1x, cell), _results(tf1, cell), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)
    assert set(taken) == {CELLS[cell]}


def test_batches_of_a_bucket(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a third size have a program for all sizes of a bucket."""
    arguments = two_layers, (20, 21, 22, 23), True
    with_kernel = _results(tf1x, *arguments)
    monkeypatch.setattr(lstm, "suits", lambda *_: False)
    for ours, theirs in zip(with_kernel, _results(tf1x, *arguments), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_registered_gradient_is_used(kernels: Any) -> None:
    """The kernel would not know of it."""

    def gradient(tf: Any) -> float:
        with tf.Graph().as_default() as graph, tf.Session() as session:
            x = tf.constant(np.random.RandomState(0).randn(2, STEPS, 6).astype("f4"))
            with graph.gradient_override_map({"Tanh": "tf1x_test_half"}):
                cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
                y, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
            (kernel, _) = tf.trainable_variables()
            (grad,) = tf.gradients(tf.reduce_sum(y), [kernel])
            session.run(tf.global_variables_initializer())
            kernel.load(np.full(kernel.shape.as_list(), 0.1, "f4"), session)
            return session.run(grad)

    for tf in (tf1x, tf1):
        tf.RegisterGradient("tf1x_test_half")(lambda op, g: g / 2)
    np.testing.assert_allclose(gradient(tf1x), gradient(tf1), rtol=1e-5, atol=1e-6)
