"""LSTMs that take all steps of a loop at once: which ones do, and that the numbers are TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1
from tf1x.runtime import per_step

BATCH, STEPS, DEPTH, UNITS = 3, 5, 6, 20


def _cells(tf: Any, *units: int) -> Any:
    return tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(n) for n in units])


def one(tf: Any, x: Any) -> Any:
    return tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(UNITS), x, dtype=tf.float32)


def three_of_different_widths(tf: Any, x: Any) -> Any:
    return tf.nn.dynamic_rnn(_cells(tf, UNITS, 16, 33), x, dtype=tf.float32)


def from_a_state(tf: Any, x: Any) -> Any:
    state = [tf.layers.dense(x[:, i], UNITS, name=f"state_{i}") for i in range(2)]
    first = tf.nn.rnn_cell.LSTMStateTuple(*state)
    return tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(UNITS), x, initial_state=first)


def last_state_only(tf: Any, x: Any) -> Any:
    return one(tf, x)[1]


def both_directions(tf: Any, x: Any) -> Any:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(2)]
    return tf.nn.bidirectional_dynamic_rnn(*cells, x, dtype=tf.float32)


def residual(tf: Any, x: Any) -> Any:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(3)]
    cells[1:] = [tf.nn.rnn_cell.ResidualWrapper(cell) for cell in cells[1:]]
    return tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)


def projections_around(tf: Any, x: Any) -> Any:
    rnn = tf.contrib.rnn if tf is tf1x else None
    if rnn is None:
        return _projections_by_hand(tf, x)
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    cell = rnn.OutputProjectionWrapper(rnn.InputProjectionWrapper(cell, 7), 4)
    return tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)


def _projections_by_hand(tf: Any, x: Any) -> Any:
    with tf.variable_scope("in"):
        w = tf.get_variable("w", [DEPTH, 7]), tf.get_variable("b", [7])
    y, state = one(tf, tf.tensordot(x, w[0], 1) + w[1])
    with tf.variable_scope("out"):
        w = tf.get_variable("w", [UNITS, 4]), tf.get_variable("b", [4])
    return tf.tensordot(y, w[0], 1) + w[1], state


def _lengths(tf: Any) -> Any:
    return tf.placeholder_with_default(np.array([STEPS, 2, 0], np.int32), [BATCH])


def sequences_that_end(tf: Any, x: Any) -> Any:
    """Outputs after the end are zeros, and the state is that of the end."""
    return tf.nn.dynamic_rnn(_cells(tf, UNITS, 16), x, _lengths(tf), dtype=tf.float32)


def both_directions_that_end(tf: Any, x: Any) -> Any:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(2)]
    return tf.nn.bidirectional_dynamic_rnn(*cells, x, _lengths(tf), dtype=tf.float32)


def above_another_cell(tf: Any, x: Any) -> Any:
    """What the second cell reads is not known beforehand."""
    cells = [tf.nn.rnn_cell.GRUCell(UNITS), tf.nn.rnn_cell.BasicLSTMCell(UNITS)]
    return tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)


def below_another_cell(tf: Any, x: Any) -> Any:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS), tf.nn.rnn_cell.GRUCell(UNITS)]
    return tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)


def _own(step: Callable[[Any, Any, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A loop of the user's: `step(tf, cell, row, state)` gives an output and the state."""

    def program(tf: Any, x: Any) -> Any:
        cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
        rows = tf.TensorArray(tf.float32, STEPS).unstack(tf.transpose(x, [1, 0, 2]))
        out = tf.TensorArray(tf.float32, STEPS, element_shape=[BATCH, UNITS])

        def body(i: Any, state: Any, out: Any) -> Any:
            output, state = step(tf, cell, rows.read(i), state)
            return i + 1, state, out.write(i, output)

        start = 0, cell.zero_state(BATCH, tf.float32), out
        _, state, out = tf.while_loop(lambda i, *_: i < STEPS, body, start)
        return out.stack(), state

    return program


def _as_it_is(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    return cell(row, state)


def _memory_is_read(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    _, state = cell(row, state)
    return state.c * 2.0, state


def _output_before_is_read(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, after = cell(row, state)
    return output - state.h, after


def _memory_before_is_read(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, after = cell(row, state)
    return output - state.c, after


def _output_is_read(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, state = cell(row, state)
    return tf.reduce_sum(output, 1, keepdims=True) * output, state


def _state_is_changed(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, (c, h) = cell(row, state)
    return output, tf.nn.rnn_cell.LSTMStateTuple(c, h * 0.5)


def _rows_stay(tf: Any, stays: Any, before: Any, after: Any) -> Any:
    pairs = zip(before, after)
    return tf.nn.rnn_cell.LSTMStateTuple(*(tf.where(stays, a, b) for a, b in pairs))


def _some_rows_stay(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    """What they read tells which; the outputs of these are used, too."""
    output, after = cell(row, state)
    return output, _rows_stay(tf, row[:, 0] > 0.0, state, after)


def _memory_alone_stays(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, (c, h) = cell(row, state)
    return output, tf.nn.rnn_cell.LSTMStateTuple(tf.where(row[:, 0] > 0.0, state.c, c), h)


def _the_output_tells_which_rows_stay(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, after = cell(row, state)
    return output, _rows_stay(tf, output[:, 0] > 0.0, state, after)


def _states_change_places(tf: Any, cell: Any, row: Any, state: Any) -> Any:
    output, (c, h) = cell(row, state)
    return output, tf.nn.rnn_cell.LSTMStateTuple(h, c)


# How many layers each has.
PROGRAMS = {
    one: 1,
    three_of_different_widths: 3,
    from_a_state: 1,
    last_state_only: 1,
    both_directions: 2,
    residual: 3,
    projections_around: 1,
    sequences_that_end: 2,
    both_directions_that_end: 2,
    above_another_cell: 0,
    below_another_cell: 1,
    _own(_as_it_is): 1,
    _own(_output_is_read): 1,
    _own(_some_rows_stay): 1,
    _own(_memory_alone_stays): 0,
    _own(_the_output_tells_which_rows_stay): 0,
    _own(_memory_is_read): 0,
    _own(_output_before_is_read): 0,
    _own(_memory_before_is_read): 0,
    _own(_state_is_changed): 0,
    _own(_states_change_places): 0,
}
NAMES = [
    *("one", "three of different widths", "from a state", "last state only", "both directions"),
    *("residual", "projections around", "sequences that end", "both directions that end"),
    *("above another cell", "below another cell", "a loop of the user's", "output is read"),
    *("some rows stay", "memory alone stays", "the output tells which rows stay"),
    *("memory is read", "output before is read"),
    *("memory before is read", "state is changed", "states change places"),
]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _results(tf: Any, program: Any) -> list[Any]:
    """What the program gives, alone and beside the gradients of its sum of squares."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [BATCH, STEPS, DEPTH])
        found = _leaves(program(tf, x))
        loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in found])
        variables = sorted(tf.trainable_variables(), key=lambda v: v.shape.as_list())
        session.run(tf.global_variables_initializer())
        rng = np.random.RandomState(0)
        for v in variables:
            v.load(rng.randn(*v.shape.as_list()).astype("f4") / 2, session)
        feed = {x: rng.randn(BATCH, STEPS, DEPTH)}
        grads = tf.gradients(loss, [x, *variables])
        return [*session.run(found, feed), *session.run([*found, *grads], feed)]


@pytest.mark.parametrize("program", PROGRAMS, ids=NAMES)
def test_equals_tensorflow(kernels: Any, program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = []
    original = per_step.PerStep._find_known_beforehand

    def noted(self: Any) -> None:
        original(self)
        layers.append(len(self.layers))

    monkeypatch.setattr(per_step.PerStep, "_find_known_beforehand", noted)
    for ours, theirs in zip(_results(tf1x, program), _results(tf1, program), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)
    loops = 2 if program in (both_directions, both_directions_that_end) else 1
    assert set(layers) == {PROGRAMS[program] // loops}
