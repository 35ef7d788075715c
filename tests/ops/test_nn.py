"""The functions of `tf.nn`: the same graphs and values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_X = floats(3, 4)
_CUBE = floats(2, 3, 4)
_LABELS = np.float32(np.random.RandomState(2).dirichlet(np.ones(4), 3))
_CUBE_LABELS = np.float32(np.random.RandomState(2).dirichlet(np.ones(4), (2, 3)))
_ZEROS_AND_ONES = np.float32([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 0]])


def _open(tf: Any, value: Any, rank: bool = True) -> Any:
    """A tensor with that value whose dimensions (and rank) are not known while building."""
    return tf.placeholder_with_default(
        tf.constant(value), [None] * np.ndim(value) if rank else None
    )


def _gradients(tf: Any, loss: Any, *xs: Any) -> list[Any]:
    return [loss, *tf.gradients(loss, xs)]


SAME: dict[str, Program] = {
    "relu6": lambda tf: tf.nn.relu6(_X * 5),
    "leaky": lambda tf: tf.nn.leaky_relu(tf.constant(_X), 0.3, name="leak"),
    "leaky int": lambda tf: tf.nn.leaky_relu(tf.constant([-1, 2])),
    "crelu": lambda tf: tf.nn.crelu(tf.constant(_X)),
    "crelu axis": lambda tf: tf.nn.crelu(tf.constant(_X), axis=0, name="both"),
    "activations": lambda tf: [f(tf.constant(_X)) for f in (tf.nn.relu, tf.nn.elu, tf.nn.selu, tf.nn.softplus, tf.nn.softsign)],
    "softmax": lambda tf: tf.nn.softmax(tf.constant(_X), name="p"),
    "softmax dim": lambda tf: tf.nn.softmax(tf.constant(_X), dim=0),
    "softmax axis": lambda tf: tf.nn.softmax(tf.constant(_CUBE), axis=1, name="p"),
    "softmax last": lambda tf: tf.nn.softmax(tf.constant(_CUBE), 2),
    "softmax negative": lambda tf: tf.nn.softmax(tf.constant(_CUBE), axis=-2),
    "softmax open": lambda tf: tf.nn.softmax(_open(tf, _CUBE), axis=0),
    "log softmax": lambda tf: tf.nn.log_softmax(tf.constant(_CUBE), axis=1),
    "bias": lambda tf: tf.nn.bias_add(_X, _X[0]),
    "bias NCHW": lambda tf: tf.nn.bias_add(tf.constant(_CUBE), _X[:, 0], "NCW", name="b"),
    "xw_plus_b": lambda tf: tf.nn.xw_plus_b(_X.T, _X, _X[0], name="layer"),
    "relu_layer": lambda tf: tf.nn.relu_layer(_X.T, _X, _X[0]),
    "xent": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=_LABELS, logits=tf.constant(_X)),
    "xent dim": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=_LABELS, logits=tf.constant(_X), dim=0, name="loss"),
    "xent cube": lambda tf: tf.nn.softmax_cross_entropy_with_logits_v2(labels=_CUBE_LABELS, logits=tf.constant(_CUBE)),
    "xent open": lambda tf: tf.nn.softmax_cross_entropy_with_logits_v2(labels=_open(tf, _CUBE_LABELS), logits=_open(tf, _CUBE)),
    "sparse": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0, 3], logits=tf.constant(_X), name="loss"),
    "sparse cube": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1, 0, 3], [2, 2, 0]], logits=tf.constant(_CUBE)),
    "sigmoid": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=_ZEROS_AND_ONES, logits=tf.constant(_X)),
    "weighted": lambda tf: tf.nn.weighted_cross_entropy_with_logits(_ZEROS_AND_ONES, tf.constant(_X), 2.0),
    "weighted targets": lambda tf: tf.nn.weighted_cross_entropy_with_logits(targets=_ZEROS_AND_ONES, logits=tf.constant(_X), pos_weight=2.0, name="w"),
    "poisson": lambda tf: tf.nn.log_poisson_loss(np.abs(_X), tf.constant(_X)),
    "poisson full": lambda tf: tf.nn.log_poisson_loss(np.abs(_X), tf.constant(_X), compute_full_loss=True),
    "in_top_k": lambda tf: tf.nn.in_top_k(tf.constant(_X), [1, 2, 0], 2),
    "top_k": lambda tf: list(tf.nn.top_k(tf.constant(_X), 2, name="best")),
    "l2_normalize": lambda tf: tf.nn.l2_normalize(tf.constant(_X), 1),
    "l2_normalize dim": lambda tf: tf.nn.l2_normalize(tf.constant(_X), dim=[0, 1], epsilon=1e-3, name="n"),
    "l2_normalize complex": lambda tf: tf.math.l2_normalize(tf.constant(_X + 1j * _X[::-1]), 1),
    "moments": lambda tf: tf.nn.moments(tf.constant(_CUBE), [0, 1]),
    "moments keep": lambda tf: tf.nn.moments(tf.constant(_CUBE), [0], keep_dims=True, name="m"),
    "moments half": lambda tf: tf.nn.moments(tf.constant(_X.astype(np.float16)), [0]),
    "weighted moments": lambda tf: tf.nn.weighted_moments(tf.constant(_X), [0], np.abs(_X)),
    "sufficient": lambda tf: [t for t in tf.nn.sufficient_statistics(tf.constant(_X), [0]) if t is not None],
    "sufficient shift": lambda tf: tf.nn.normalize_moments(*tf.nn.sufficient_statistics(tf.constant(_X), [1], shift=0.5)),
    "batch norm": lambda tf: tf.nn.batch_normalization(tf.constant(_X), _X[0], np.abs(_X[1]), _X[2], _X[0], 1e-3),
    "batch norm bare": lambda tf: tf.nn.batch_normalization(tf.constant(_X), tf.constant(_X[0]), np.abs(_X[1]), None, None, 1e-3),
    "dropout kept": lambda tf: tf.nn.dropout(tf.constant(_X), 1.0),
    "dropout": lambda tf: tf.nn.dropout(tf.constant(_X), 0.6, seed=3),
    "dropout rate": lambda tf: tf.nn.dropout(tf.constant(_X), rate=0.3, noise_shape=[3, 1], seed=3, name="drop"),
    "dropout fed": lambda tf: tf.nn.dropout(tf.constant(_X), tf.placeholder_with_default(0.5, []), seed=3),
}  # fmt: skip

# Values only: TensorFlow builds a cond, an assertion behind one, or a custom gradient.
SAME_VALUES: dict[str, Program] = {
    "zero fraction": lambda tf: tf.nn.zero_fraction(tf.constant(_ZEROS_AND_ONES)),
    "swish": lambda tf: tf.nn.swish(tf.constant(_X)),
    "softmax tensor axis": lambda tf: tf.nn.softmax(tf.constant(_X), axis=tf.constant(0)),
    "sparse open": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=_open(tf, np.int64([[1, 0, 3], [2, 2, 0]])), logits=_open(tf, _CUBE)),
}  # fmt: skip

GRADIENTS: dict[str, Program] = {
    "xent": lambda tf: (lambda x, y: _gradients(tf, tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x), x, y))(tf.constant(_X), tf.constant(_LABELS)),
    "xent v2": lambda tf: (lambda x, y: _gradients(tf, tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x), x, y))(tf.constant(_X), tf.constant(_LABELS)),
    "sparse twice": lambda tf: (lambda x: tf.gradients(tf.gradients(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0, 3], logits=x), x)[0] ** 2, x))(tf.constant(_X)),
    "dense twice": lambda tf: (lambda x: tf.gradients(tf.gradients(tf.nn.softmax_cross_entropy_with_logits_v2(labels=_LABELS, logits=x), x)[0] ** 2, x))(tf.constant(_X)),
    "softplus twice": lambda tf: (lambda x: tf.gradients(tf.gradients(tf.nn.softplus(x), x)[0], x))(tf.constant(_X * 50)),
    "moments": lambda tf: (lambda x: _gradients(tf, tf.nn.moments(x, [0])[1], x))(tf.constant(_X)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False)


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    assert_same(GRADIENTS[name], nodes=False)


ERRORS: dict[str, tuple[Program, str, str]] = {
    "label": (lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 10], logits=tf.zeros([2, 10])), "InvalidArgumentError", "Received a label value of 10 which is outside the valid range of [0, 10)"),
    "positional": (lambda tf: tf.nn.softmax_cross_entropy_with_logits(_LABELS, _X), "ValueError", "named arguments"),
    "no labels": (lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(logits=_X), "ValueError", "must be provided"),
    "rank": (lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1]], logits=_X), "ValueError", "Rank mismatch"),
    "shape": (lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=_X), "ValueError", "Shape mismatch"),
    "classes": (lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=_X[:, :2], logits=_X), "ValueError", "Dimensions must be equal"),
    "keep_prob": (lambda tf: tf.nn.dropout(_X, 0.0), "ValueError", "range [0, 1)"),
    "dropout ints": (lambda tf: tf.nn.dropout([1, 2], 0.5), "ValueError", "floating"),
    "k": (lambda tf: tf.nn.top_k([1.0, 2.0], 3), "ValueError", "last dimension >= k = 3 but is 2"),
    "fed k": (lambda tf: list(tf.nn.top_k([1.0, 2.0], tf.placeholder_with_default(3, []))), "InvalidArgumentError", "at least k columns. Had 2, needed 3"),
    "format": (lambda tf: tf.nn.bias_add(_X, _X[0], "CHW"), "ValueError", "data_format"),
    "axis": (lambda tf: tf.nn.softmax(_X, 2), "InvalidArgumentError", "must be in the range [-2, 2)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    program, kind, text = ERRORS[name]
    found = error_of(tf1x, program)
    assert found[0] == kind
    assert text in found[1]
