"""`tf.nn.dynamic_rnn`, `tf.nn.bidirectional_dynamic_rnn`, `tf.nn.raw_rnn`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_close
from tests.lib.layers.same import assert_same_graph, numbers, values
from tests.lib.rnn.programs import CELLS, check, flat
from tests.oracle import tf1

# Steps, sequence lengths, whether time comes first.
RUNS: dict[str, tuple[int, list[int] | None, bool]] = {
    "all steps": (5, None, False),
    "time first": (5, None, True),
    "lengths": (5, [3, 5], False),
    "lengths, time first": (5, [4, 1], True),
    "shorter than the inputs": (6, [2, 3], False),
    "nothing of one": (4, [0, 2], False),
    "nothing at all": (4, [0, 0], False),
}


def _feeds(steps: int, lengths: Any, time_major: bool) -> dict[str, Any]:
    shape = (steps, 2, 3) if time_major else (2, steps, 3)
    return {"x": numbers(*shape)} | ({} if lengths is None else {"n": np.int32(lengths)})


def _placeholders(tf: Any, lengths: Any) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    return x, None if lengths is None else tf.placeholder(tf.int32, [None], name="n")


@pytest.mark.parametrize("run", RUNS)
def test_forms(run: str) -> None:
    steps, lengths, time_major = RUNS[run]

    def program(tf: Any) -> Any:
        x, n = _placeholders(tf, lengths)
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        outputs, state = tf.nn.dynamic_rnn(cell, x, n, dtype=tf.float32, time_major=time_major)
        return flat(tf, outputs, state)

    check(program, _feeds(steps, lengths, time_major), nodes=False)


@pytest.mark.parametrize(
    "name",
    [
        "rnn",
        "gru",
        "basic lstm, one matrix",
        "lstm with everything",
        "two layers",
        "residual",
        "dropout, the same in all steps",
    ],
)
def test_cells(name: str) -> None:
    def program(tf: Any) -> Any:
        tf.set_random_seed(5)
        x, n = _placeholders(tf, True)
        outputs, state = tf.nn.dynamic_rnn(
            CELLS[name](tf), x, n, dtype=tf.float32, swap_memory=True
        )
        return flat(tf, outputs, state)

    check(program, _feeds(4, [4, 2], False), nodes=False)


def test_dropout_differs_between_steps() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.ones([2, 6, 3])
        cell = tf1x.nn.rnn_cell.DropoutWrapper(_Echo(), input_keep_prob=0.5, seed=1)
        outputs, _ = tf1x.nn.dynamic_rnn(cell, x, dtype=tf1x.float32)
        gradient = tf1x.gradients(outputs, x)[0]
        with tf1x.Session() as session:
            first, slope = session.run([outputs, gradient])
            second = session.run(outputs)
    assert set(np.unique(first)) == {0.0, 2.0}
    np.testing.assert_array_equal(first, slope)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[:, 0], first[:, 1])


class _Echo(tf1x.nn.rnn_cell.RNNCell):  # type: ignore[misc]
    """Its output is its input."""

    state_size = 1
    output_size = 3

    def call(self, inputs: Any, state: Any) -> Any:
        return inputs, state


def test_initial_state_and_scopes() -> None:
    def program(tf: Any) -> Any:
        x, _ = _placeholders(tf, None)
        cell = tf.nn.rnn_cell.BasicLSTMCell(3)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, scope="encoder")
        again, last = tf.nn.dynamic_rnn(cell, outputs, initial_state=state, scope="more")
        with tf.variable_scope("encoder", reuse=True):
            other = tf.nn.rnn_cell.BasicLSTMCell(3)
        with tf.variable_scope("decoder"):
            third, _ = tf.nn.dynamic_rnn(other, x, initial_state=last)
        return flat(tf, outputs, again, third, last)

    check(program, _feeds(3, None, False), nodes=False)


def test_nest_of_inputs_and_outputs() -> None:
    """Inputs of rank 3 and 4, outputs and states in nests."""

    def program(tf: Any) -> Any:
        class Nested(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
            state_size = {"a": 3, "b": tf.TensorShape([2, 3])}
            output_size = (3, tf.TensorShape([2, 3]))

            def call(self, inputs: Any, state: Any) -> Any:
                a = tf.tanh(inputs["flat"] + state["a"])
                b = inputs["square"] * tf.expand_dims(a, 1) + state["b"]
                return (a, b), {"a": a, "b": b}

        x, n = _placeholders(tf, True)
        square = tf.stack([x, -x], axis=2)
        outputs, state = tf.nn.dynamic_rnn(
            Nested(), {"flat": x, "square": square}, n, dtype=tf.float32
        )
        return [*outputs, state["a"], state["b"]]

    check(program, _feeds(4, [4, 2], False), nodes=False)


def test_known_shapes() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [2, 4, 3], name="x")
        known, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), x, dtype=tf.float32)
        y = tf.placeholder(tf.float32, [None, 4, 3], name="y")
        cell = tf.nn.rnn_cell.LSTMCell(5, name="other")
        batch, _ = tf.nn.dynamic_rnn(cell, y, dtype=tf.float32)
        return [known, state, batch]

    shapes = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default():
            shapes.append([t.shape.as_list() for t in program(tf)])
    assert shapes[0] == shapes[1] == [[2, 4, 5], [2, 5], [None, 4, 5]]


def test_double_precision() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float64, [None, None, 3], name="x")
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float64)
        return [outputs, state]

    feeds = {"x": numbers(2, 3, 3).astype(np.float64)}
    assert_close(values(tf1x, program, feeds), values(tf1, program, feeds), 1e-10, 1e-12)


@pytest.mark.parametrize("run", ["all steps", "lengths", "lengths, time first"])
def test_bidirectional(run: str) -> None:
    steps, lengths, time_major = RUNS[run]

    def program(tf: Any) -> Any:
        x, n = _placeholders(tf, lengths)
        cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.BasicLSTMCell(2)]
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            *cells, x, n, dtype=tf.float32, time_major=time_major
        )
        return flat(tf, outputs, states)

    check(program, _feeds(steps, lengths, time_major), nodes=False)


def test_variables_of_both_directions() -> None:
    with tf1x.Graph().as_default() as graph:
        x = tf1x.zeros([2, 4, 3])
        cells = [tf1x.nn.rnn_cell.BasicLSTMCell(3), tf1x.nn.rnn_cell.BasicLSTMCell(3)]
        tf1x.nn.bidirectional_dynamic_rnn(*cells, x, dtype=tf1x.float32)
        assert [v.op.name for v in graph.get_collection("variables")] == [
            "bidirectional_rnn/fw/basic_lstm_cell/kernel",
            "bidirectional_rnn/fw/basic_lstm_cell/bias",
            "bidirectional_rnn/bw/basic_lstm_cell/kernel",
            "bidirectional_rnn/bw/basic_lstm_cell/bias",
        ]


def test_wrong_lengths_fail_when_run() -> None:
    with tf1x.Graph().as_default():
        n = tf1x.placeholder(tf1x.int32, [None])
        cell = tf1x.nn.rnn_cell.GRUCell(3)
        outputs, _ = tf1x.nn.dynamic_rnn(cell, tf1x.zeros([2, 4, 3]), n, dtype=tf1x.float32)
        with tf1x.Session() as session:
            session.run(tf1x.global_variables_initializer())
            with pytest.raises(tf1x.errors.InvalidArgumentError, match="Expected shape for Tensor"):
                session.run(outputs, {n: [1, 2, 3]})


@pytest.mark.parametrize("tf", [tf1x, tf1], ids=["ours", "oracle"])
def test_wrong_arguments(tf: Any) -> None:
    with tf.Graph().as_default():
        cell = tf.nn.rnn_cell.GRUCell(3)
        x = tf.zeros([2, 4, 3])
        with pytest.raises(TypeError, match="is not an RNNCell"):
            tf.nn.dynamic_rnn(tf.nn.relu, x, dtype=tf.float32)
        with pytest.raises(ValueError, match="dtype"):
            tf.nn.dynamic_rnn(cell, x)
        with pytest.raises(ValueError, match="must be a vector"):
            tf.nn.dynamic_rnn(cell, x, [[1]], dtype=tf.float32)
        with pytest.raises(ValueError, match="depth of inputs"):
            tf.nn.dynamic_rnn(cell, tf.placeholder(tf.float32, [None, 2, None]), dtype=tf.float32)
        with pytest.raises(ValueError, match="rank"):
            tf.nn.dynamic_rnn(cell, tf.zeros([2, 4]), dtype=tf.float32)
        with pytest.raises(TypeError, match="callable"):
            tf.nn.raw_rnn(cell, None)


# -- raw_rnn -------------------------------------------------------------------------------------


def _raw(tf: Any, emit: Any = None, loop_state: Any = None) -> Any:
    """Feeds its input, then stops each sequence by its length."""
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    n = tf.placeholder(tf.int32, [None], name="n")
    steps, batch = tf.shape(x)[0], tf.shape(x)[1]
    inputs = tf.TensorArray(tf.float32, size=steps).unstack(x)
    cell = tf.nn.rnn_cell.LSTMCell(4)

    def loop_fn(time: Any, output: Any, state: Any, seen: Any) -> Any:
        following = cell.zero_state(batch, tf.float32) if output is None else state
        if output is None:
            emitted, carried = emit and emit(tf, tf.zeros([4]), time), loop_state and loop_state(tf)
        else:
            emitted = output if emit is None else emit(tf, output, time)
            carried = None if loop_state is None else seen + tf.reduce_sum(output)
        finished = time >= n
        done = tf.reduce_all(finished)
        new = tf.cond(done, lambda: tf.zeros([batch, 3]), lambda: inputs.read(time))
        new.set_shape([None, 3])
        return finished, new, following, emitted, carried

    arrays, state, last = tf.nn.raw_rnn(cell, loop_fn)
    outputs = [ta.stack() for ta in tf.nest.flatten(arrays)]
    return [*outputs, *state] + ([] if last is None else [last])


RAW: dict[str, dict[str, Any]] = {
    "outputs": {},
    "a nest": {
        "emit": lambda tf, output, time: {
            "scaled": output * 2.0,
            "time": tf.zeros_like(output) + tf.cast(time, tf.float32),
        }
    },
    "a loop state": {"loop_state": lambda tf: tf.constant(0.5)},
}


@pytest.mark.parametrize("name", RAW)
def test_raw(name: str) -> None:
    feeds = {"x": numbers(5, 2, 3), "n": np.int32([3, 5])}
    check(lambda tf: _raw(tf, **RAW[name]), feeds, nodes=False)


def test_raw_of_its_own_outputs() -> None:
    """A decoder that feeds back what it said, for as long as it says more than a threshold."""

    def program(tf: Any) -> Any:
        start = tf.placeholder(tf.float32, [2, 4], name="x")
        cell = tf.nn.rnn_cell.GRUCell(4)

        def loop_fn(time: Any, output: Any, state: Any, _: Any) -> Any:
            if output is None:
                return tf.zeros([2], tf.bool), start, cell.zero_state(2, tf.float32), None, None
            finished = tf.logical_or(tf.reduce_mean(output, 1) > 0.55, time >= 20)
            return finished, output, state, output, None

        arrays, state, _ = tf.nn.raw_rnn(cell, loop_fn)
        return [arrays.stack(), state]

    check(program, {"x": numbers(2, 4)}, nodes=False)


def test_same_nodes_around_the_loop() -> None:
    """Up to the loop the graph is TensorFlow's."""

    def program(tf: Any) -> Any:
        x, n = _placeholders(tf, True)
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        tf.nn.dynamic_rnn(cell, x, n, dtype=tf.float32)
        names = (
            "rnn/transpose", "rnn/sequence_length", "rnn/CheckSeqLen",
            "rnn/BasicLSTMCellZeroState/zeros", "rnn/BasicLSTMCellZeroState/zeros_1",
        )  # fmt: skip
        graph = tf.get_default_graph()
        return [graph.get_tensor_by_name(f"{name}:0") for name in names]

    assert_same_graph(program)
