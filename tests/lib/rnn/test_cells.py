"""Cells of `tf.nn.rnn_cell`: one step of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.rnn.programs import CELLS, batch, check, flat
from tests.oracle import tf1


@pytest.fixture
def graph() -> Iterator[Any]:
    with tf1x.Graph().as_default() as made:
        yield made


@pytest.mark.parametrize("name", CELLS)
def test_step(name: str) -> None:
    def program(tf: Any) -> Any:
        tf.set_random_seed(5)
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        cell = CELLS[name](tf)
        output, state = cell(x, cell.zero_state(2, tf.float32))
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            output, state = cell(x, state)
        assert all(v in tf.trainable_variables() for v in cell.trainable_weights)
        return flat(tf, output, state)

    check(program, batch(2, 3))


def test_zero_state_of_unknown_batch() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        cell = CELLS["two layers"](tf)
        first = cell.zero_state(tf.shape(x)[0], tf.float32)
        again = cell.get_initial_state(inputs=x)
        output, state = cell(x, first)
        return flat(tf, output, state, again)

    check(program, batch(2, 3))


def test_scopes() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        cell = tf.nn.rnn_cell.GRUCell(3)
        first, _ = cell(x, cell.zero_state(2, tf.float32), scope="here")
        with tf.variable_scope("there"):
            second, _ = cell(first, first)
        again = tf.nn.rnn_cell.GRUCell(3, reuse=True, name="here")
        third, _ = again(second, second)
        two = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicRNNCell(3)])
        fourth, _ = two(third, (third,), scope="two")
        return [first, second, third, fourth]

    check(program, batch(2, 3))


def test_own_cells() -> None:
    """Cells of the program: with `call`, with `build`, and with a `__call__` of the old form."""

    def program(tf: Any) -> Any:
        class Calling(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
            state_size = output_size = 3

            def call(self, inputs: Any, state: Any) -> Any:
                w = tf.get_variable("w", [3, 3])
                b = tf.get_variable("b", [3], trainable=False)
                new = tf.tanh(tf.matmul(inputs, w) + state + b)
                return new, new

        class Building(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
            def __init__(self, units: int, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self._units = units

            @property
            def state_size(self) -> Any:
                return (self._units, tf.TensorShape([self._units]))

            @property
            def output_size(self) -> Any:
                return self._units

            def build(self, input_shape: Any) -> None:
                self.w = self.add_weight("w", shape=[input_shape[1], self._units])
                self.built = True

            def call(self, inputs: Any, state: Any) -> Any:
                new = tf.matmul(inputs, self.w) + state[0] * state[1]
                return new, (new, state[0])

        class Old(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
            def __init__(self, units: int) -> None:
                self._units = units

            @property
            def state_size(self) -> int:
                return self._units

            @property
            def output_size(self) -> int:
                return self._units

            def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
                with tf.variable_scope(scope or type(self).__name__):
                    new = tf.layers.dense(tf.concat([inputs, state], 1), self._units)
                return new, new

        x = tf.placeholder(tf.float32, [2, 3], name="x")
        calling, old = Calling(), Old(3)
        cell = tf.nn.rnn_cell.MultiRNNCell([calling, Building(3), old])
        output, state = cell(x, cell.zero_state(2, tf.float32))
        assert [v.op.name for v in calling.weights] == [
            "multi_rnn_cell/cell_0/calling/w",
            "multi_rnn_cell/cell_0/calling/b",
        ]
        return flat(tf, output, state)

    check(program, batch(2, 3))


@pytest.mark.usefixtures("graph")
def test_wrapped_cells_tell_their_variables() -> None:
    cell = tf1x.nn.rnn_cell.DropoutWrapper(tf1x.nn.rnn_cell.GRUCell(3, name="gru"))
    cell(tf1x.zeros([2, 3]), cell.zero_state(2, tf1x.float32))
    assert [v.op.name for v in cell.trainable_variables] == [
        "gru/gates/kernel",
        "gru/gates/bias",
        "gru/candidate/kernel",
        "gru/candidate/bias",
    ]
    assert cell.wrapped_cell is cell._cell


@pytest.mark.parametrize("tf", [tf1x, tf1], ids=["ours", "oracle"])
def test_wrong_arguments(tf: Any) -> None:
    cells = tf.nn.rnn_cell
    with tf.Graph().as_default():
        gru = cells.GRUCell(3)
        with pytest.raises(ValueError, match="floating point"):
            gru(tf.zeros([2, 3], tf.int32), tf.zeros([2, 3], tf.int32))
        with pytest.raises(ValueError, match=r"shape\[-1\] to be known"):
            gru(tf.placeholder(tf.float32, [2, None]), tf.zeros([2, 3]))
        with pytest.raises(ValueError, match="at least one cell"):
            cells.MultiRNNCell([])
        with pytest.raises(TypeError, match="list or tuple"):
            cells.MultiRNNCell(gru)
        with pytest.raises(ValueError, match="state_is_tuple is not set"):
            cells.MultiRNNCell([cells.LSTMCell(2)], state_is_tuple=False)
        with pytest.raises(TypeError, match="is not an RNNCell"):
            cells.DropoutWrapper(tf.nn.relu)
        with pytest.raises(ValueError, match="between 0 and 1"):
            cells.DropoutWrapper(gru, 1.5)
        with pytest.raises(ValueError, match="dtype must be provided"):
            cells.DropoutWrapper(gru, 0.5, variational_recurrent=True)
        with pytest.raises(ValueError, match="input_size must be provided"):
            cells.DropoutWrapper(gru, 0.5, variational_recurrent=True, dtype=tf.float32)
        state = cells.LSTMStateTuple(tf.zeros([1]), tf.zeros([1], tf.float64))
        with pytest.raises(TypeError, match="Inconsistent"):
            _ = state.dtype


PROJECTED: dict[str, tuple[Any, Any, list[str]]] = {
    "input": (
        lambda tf, cell: tf.contrib.rnn.InputProjectionWrapper(cell, 4, tf.tanh),
        lambda w, step, x: step(np.tanh(x @ w[0] + w[1])),
        ["kernel", "bias", "gru_cell/gates/kernel"],
    ),
    "output": (
        lambda tf, cell: tf.contrib.rnn.OutputProjectionWrapper(cell, 4),
        lambda w, step, x: step(x) @ w[-2] + w[-1],
        ["gru_cell/gates/kernel", "gru_cell/gates/bias", "gru_cell/candidate/kernel"],
    ),
    "embedding": (
        lambda tf, cell: tf.contrib.rnn.EmbeddingWrapper(cell, 7, 4),
        lambda w, step, x: step(w[0][x]),
        ["embedding", "gru_cell/gates/kernel", "gru_cell/gates/bias"],
    ),
}


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("name", PROJECTED)
def test_projections(name: str) -> None:
    """By hand: TensorFlow 2.21 does not have them."""
    make, formula, names = PROJECTED[name]
    cell = make(tf1x, tf1x.contrib.rnn.GRUCell(5))
    ids = name == "embedding"
    x = np.array([[1], [6]]) if ids else np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    h = np.linspace(-0.5, 0.5, 10, dtype=np.float32).reshape(2, 5)
    output, state = cell(tf1x.constant(x), tf1x.constant(h))
    variables = tf1x.global_variables()
    scope = cell.scope_name
    assert [v.op.name.removeprefix(f"{scope}/") for v in variables][:3] == names
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        values = session.run(variables)
        ours, our_state = session.run([output, state])
    start = 2 if name == "input" else 1 if ids else 0

    def step(inputs: Any) -> Any:
        gates, gates_bias, kernel, bias = values[start : start + 4]
        r, u = np.split(1 / (1 + np.exp(-(np.hstack([inputs, h]) @ gates + gates_bias))), 2, 1)
        new = np.tanh(np.hstack([inputs, r * h]) @ kernel + bias)
        new = u * h + (1 - u) * new
        np.testing.assert_allclose(our_state, new, rtol=1e-5, atol=1e-6)
        return new

    np.testing.assert_allclose(
        ours, formula(values, step, x[:, 0] if ids else x), rtol=1e-5, atol=1e-6
    )
    assert cell.output_size == (4 if name == "output" else 5)
