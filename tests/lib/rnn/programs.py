"""What the tests of recurrent networks share: cells by name, and running them in both TensorFlows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers

Cell = Callable[[Any], Any]

CELLS: dict[str, Cell] = {
    "rnn": lambda tf: tf.nn.rnn_cell.BasicRNNCell(4),
    "rnn, relu": lambda tf: tf.nn.rnn_cell.BasicRNNCell(4, activation=tf.nn.relu),
    "rnn, activation by name": lambda tf: tf.nn.rnn_cell.BasicRNNCell(4, activation="sigmoid"),
    "gru": lambda tf: tf.nn.rnn_cell.GRUCell(4),
    "gru with initializers": lambda tf: tf.nn.rnn_cell.GRUCell(
        4, tf.nn.elu, kernel_initializer=tf.ones_initializer(), bias_initializer="zeros", name="g"
    ),
    "basic lstm": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4),
    "basic lstm, forget bias": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(
        4, forget_bias=0.3, activation=tf.nn.softsign, name="mine"
    ),
    "basic lstm, one matrix": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4, state_is_tuple=False),
    "lstm": lambda tf: tf.nn.rnn_cell.LSTMCell(4),
    "lstm with everything": lambda tf: tf.nn.rnn_cell.LSTMCell(
        4, use_peepholes=True, cell_clip=0.4, num_proj=3, proj_clip=0.2, forget_bias=0.5
    ),
    "lstm, peepholes, one matrix": lambda tf: tf.nn.rnn_cell.LSTMCell(
        4, use_peepholes=True, num_proj=3, state_is_tuple=False
    ),
    "lstm in parts": lambda tf: tf.nn.rnn_cell.LSTMCell(
        4, num_unit_shards=2, num_proj=2, num_proj_shards=2
    ),
    "two layers": lambda tf: tf.nn.rnn_cell.MultiRNNCell(
        [tf.nn.rnn_cell.BasicLSTMCell(4), tf.nn.rnn_cell.GRUCell(3)]
    ),
    "two layers, one matrix": lambda tf: tf.nn.rnn_cell.MultiRNNCell(
        [tf.nn.rnn_cell.BasicLSTMCell(4, state_is_tuple=False), tf.nn.rnn_cell.GRUCell(3)],
        state_is_tuple=False,
    ),
    "residual": lambda tf: tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(3)),
    "residual with a function": lambda tf: tf.nn.rnn_cell.ResidualWrapper(
        tf.nn.rnn_cell.GRUCell(4), lambda i, o: tf.concat([i, o], 1)[:, :4]
    ),
    "on a device": lambda tf: tf.nn.rnn_cell.DeviceWrapper(tf.nn.rnn_cell.GRUCell(3), "/cpu:0"),
    "dropout of nothing": lambda tf: tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(3)),
    "dropout": lambda tf: tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.LSTMCell(5), 0.8, 0.7, 0.6, seed=3
    ),
    "dropout by a tensor": lambda tf: tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.LSTMCell(5), output_keep_prob=tf.placeholder_with_default(0.5, []), seed=3
    ),
    "dropout, the same in all steps": lambda tf: tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.LSTMCell(5),
        0.8,
        0.7,
        0.6,
        variational_recurrent=True,
        input_size=3,
        dtype=tf.float32,
        seed=3,
    ),
    "dropout of the memory": lambda tf: tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(5), tf.nn.rnn_cell.GRUCell(5)]),
        state_keep_prob=0.5,
        seed=3,
        dropout_state_filter_visitor=lambda _: True,
    ),
}


def flat(tf: Any, *structures: Any) -> list[Any]:
    """All tensors of nests of outputs and states."""
    return [x for s in structures for x in tf.nest.flatten(s)]


def check(program: Callable[[Any], Any], feeds: dict[str, Any], nodes: bool = True) -> None:
    """Same variables, outputs, gradients; with `nodes` the same graph, too."""
    if nodes:
        assert_same_graph(program)
    assert_same_values(program, feeds, rtol=1e-4, atol=2e-6)


def batch(*shape: int) -> dict[str, np.ndarray[Any, Any]]:
    return {"x": numbers(*shape)}
