"""Lookups in embedding tables: the same graphs, values and gradients as TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_TABLE = floats(7, 3)
_IDS = np.int32([[1, 5], [5, 0]])
_PLACES = np.int64([[0, 0], [0, 1], [1, 0], [2, 1], [2, 2]])
_GAPS = _PLACES[[0, 1, 3, 4]]


def _table(tf: Any, resource: bool = False) -> Any:
    return tf.get_variable("table", initializer=tf.constant(_TABLE), use_resource=resource)


def _parts(tf: Any, count: int = 3) -> list[Any]:
    """The table as `count` constants, cut as "div" wants it."""
    return [tf.constant(part) for part in np.array_split(_TABLE, count)]


def _strided(tf: Any, count: int = 3) -> list[Any]:
    """The table as `count` constants, cut as "mod" wants it."""
    return [tf.constant(_TABLE[i::count]) for i in range(count)]


def _ids(tf: Any, places: Any = _PLACES, values: Any = (1, 5, 5, 0, 2)) -> Any:
    return tf.SparseTensor(places, np.int64(values), [3, 4])


def _weights(tf: Any, places: Any = _PLACES, values: Any = (0.5, 2.0, 1.0, 3.0, -1.0)) -> Any:
    return tf.SparseTensor(places, np.float32(values), [3, 4])


def _lookups(tf: Any, resource: bool) -> list[Any]:
    table = _table(tf, resource)
    return [
        tf.nn.embedding_lookup(table, _IDS),
        tf.nn.embedding_lookup(table, tf.constant([2]), name="e", validate_indices=False),
        tf.nn.embedding_lookup([table], 3, max_norm=1.0),
        tf.nn.embedding_lookup(params=table, ids=_IDS, max_norm=0.5),
    ]


def _partitioned(tf: Any) -> Any:
    partitioner = tf.fixed_size_partitioner(3)
    initializer = tf.ones_initializer()
    return tf.get_variable("table", [7, 3], initializer=initializer, partitioner=partitioner)


def _open(tf: Any, value: Any) -> Any:
    return tf.placeholder_with_default(tf.constant(value), [None] * np.ndim(value))


LOOKUPS: dict[str, Program] = {
    "array": lambda tf: [tf.nn.embedding_lookup(_TABLE, _IDS), tf.nn.embedding_lookup(_TABLE, [0], "div", "n")],
    "open": lambda tf: [tf.nn.embedding_lookup(_open(tf, _TABLE), _open(tf, _IDS)), tf.nn.embedding_lookup(_open(tf, _TABLE), _open(tf, _IDS), max_norm=0.5)],
    "mod": lambda tf: [tf.nn.embedding_lookup(_strided(tf), _IDS), tf.nn.embedding_lookup(_strided(tf), _IDS, name="m", max_norm=0.5)],
    "div": lambda tf: [tf.nn.embedding_lookup(_parts(tf), _IDS, "div"), tf.nn.embedding_lookup(_parts(tf, 2), tf.constant([6, 2], tf.int64), partition_strategy="div", name="d")],
    "open parts": lambda tf: [tf.nn.embedding_lookup([_open(tf, p) for p in np.array_split(_TABLE, 3)], _open(tf, _IDS), "div")],
    "sparse": lambda tf: [tf.nn.embedding_lookup_sparse(_TABLE, _ids(tf), None), tf.nn.embedding_lookup_sparse(tf.constant(_TABLE), _ids(tf), None, combiner="sum", name="s"), tf.nn.embedding_lookup_sparse(_TABLE, _ids(tf), None, combiner="sqrtn", max_norm=1.0)],
    "sparse weighted": lambda tf: [tf.nn.embedding_lookup_sparse(_TABLE, _ids(tf), _weights(tf), combiner=c, name=n) for c, n in (("mean", None), ("sum", "s"), ("sqrtn", None))],
    "sparse in parts": lambda tf: [tf.nn.embedding_lookup_sparse(_strided(tf), _ids(tf), None), tf.nn.embedding_lookup_sparse(_parts(tf), _ids(tf), _weights(tf), "div", combiner="sum")],
    "safe": lambda tf: [tf.nn.safe_embedding_lookup_sparse(_TABLE, _ids(tf, _GAPS, (1, -1, 0, 2))), tf.nn.safe_embedding_lookup_sparse([tf.constant(_TABLE)], _ids(tf, _GAPS, (1, -1, 0, 2)), default_id=3, name="f", combiner="sum")],
    "safe weighted": lambda tf: [tf.nn.safe_embedding_lookup_sparse(_TABLE, _ids(tf), _weights(tf)), tf.nn.safe_embedding_lookup_sparse(_parts(tf), _ids(tf), _weights(tf), "sum")],
    "safe of rank 3": lambda tf: tf.nn.safe_embedding_lookup_sparse(_TABLE, tf.SparseTensor([[0, 1, 0], [1, 0, 1]], np.int64([4, 2]), [2, 2, 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookup(name: str) -> None:
    assert_same(LOOKUPS[name])


def test_clipped_rows_of_ids_that_are_left_out() -> None:
    """The values only: TensorFlow folds the ids while it builds the graph and so knows their number."""
    assert_same(
        lambda tf: tf.nn.safe_embedding_lookup_sparse(
            _parts(tf), _ids(tf), _weights(tf), "sum", max_norm=1.0
        ),
        nodes=False,
    )


def _nodes_and_values(tf: Any, build: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        fetches = build(tf)
        nodes = [(op.name, op.type) for op in graph.get_operations()]
        session.run(tf.global_variables_initializer())
        return nodes, session.run(fetches)


def _compare(build: Callable[[Any], Any], nodes: bool = True) -> None:
    from tests.oracle import tf1

    our_nodes, ours = _nodes_and_values(tf1x, build)
    their_nodes, theirs = _nodes_and_values(tf1, build)
    if nodes:
        assert our_nodes == their_nodes
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


VARIABLES: dict[str, Any] = {
    "reference": lambda tf: _lookups(tf, resource=False),
    "resource": lambda tf: _lookups(tf, resource=True),
    "partitioned": lambda tf: [tf.nn.embedding_lookup(_partitioned(tf), _IDS, "div")],
    "sparse": lambda tf: [tf.nn.embedding_lookup_sparse(_table(tf), _ids(tf), None)],
    "sparse weighted": lambda tf: [
        tf.nn.embedding_lookup_sparse(_table(tf), _ids(tf), _weights(tf))
    ],
    "sparse resource": lambda tf: [tf.nn.embedding_lookup_sparse(_table(tf, True), _ids(tf), None)],
    "sparse fast": lambda tf: [
        tf.nn.embedding_lookup_sparse(_table(tf), _ids(tf), _weights(tf), allow_fast_lookup=True)
    ],
    "safe": lambda tf: [tf.nn.safe_embedding_lookup_sparse(_table(tf), _ids(tf))],
    "safe partitioned": lambda tf: [tf.nn.safe_embedding_lookup_sparse(_partitioned(tf), _ids(tf))],
}


@pytest.mark.parametrize("name", VARIABLES)
def test_lookup_in_variables(name: str) -> None:
    _compare(VARIABLES[name])


GRADIENTS: dict[str, Any] = {
    "reference": lambda tf, v: tf.nn.embedding_lookup(v, _IDS),
    "max_norm": lambda tf, v: tf.nn.embedding_lookup(v, _IDS, max_norm=0.5),
    "mod": lambda tf, v: tf.nn.embedding_lookup([v, tf.constant(_TABLE)], _IDS),
    "div": lambda tf, v: tf.nn.embedding_lookup([v, tf.constant(_TABLE)], _IDS + 6, "div"),
    "sparse": lambda tf, v: tf.nn.embedding_lookup_sparse(v, _ids(tf), None),
    "sparse sum": lambda tf, v: tf.nn.embedding_lookup_sparse(v, _ids(tf), None, combiner="sum"),
    "sparse sqrtn": lambda tf, v: tf.nn.embedding_lookup_sparse(v, _ids(tf), None, combiner="sqrtn"),
    "sparse weighted": lambda tf, v: tf.nn.embedding_lookup_sparse(v, _ids(tf), _weights(tf)),
    "sparse in parts": lambda tf, v: tf.nn.embedding_lookup_sparse([v, tf.constant(_TABLE)], _ids(tf), None),
    "safe": lambda tf, v: tf.nn.safe_embedding_lookup_sparse(v, _ids(tf, _GAPS, (1, -1, 0, 2))),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
def test_the_gradient_is_of_the_rows_looked_up(name: str, resource: bool) -> None:
    def build(tf: Any) -> list[Any]:
        table = _table(tf, resource)
        rows = GRADIENTS[name](tf, table)
        weights = tf.sqrt(tf.range(1.0, 1.0 + tf.cast(tf.size(rows), tf.float32)))
        (found,) = tf.gradients(rows * tf.reshape(weights, tf.shape(rows)), [table])
        assert isinstance(found, tf.IndexedSlices)
        return [found.indices, found.values, found.dense_shape, tf.convert_to_tensor(found)]

    _compare(build, nodes=False)


@pytest.mark.parametrize("optimizer", ["GradientDescent", "Adam", "Adagrad", "Momentum"])
def test_training_moves_the_rows_as_tensorflow_does(optimizer: str) -> None:
    from tests.oracle import tf1

    trained = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), tf.Session() as session:
            table = _table(tf)
            rows = tf.nn.embedding_lookup(table, _IDS)
            means = tf.nn.embedding_lookup_sparse(table, _ids(tf), None)
            loss = tf.reduce_sum(tf.square(rows)) + tf.reduce_sum(tf.square(means))
            options = {"momentum": 0.9} if optimizer == "Momentum" else {}
            train = getattr(tf.train, f"{optimizer}Optimizer")(0.1, **options).minimize(loss)
            session.run(tf.global_variables_initializer())
            for _ in range(3):
                session.run(train)
            trained.append(session.run(table))
    np.testing.assert_allclose(*trained, rtol=1e-4, atol=1e-6)


ERRORS: dict[str, Program] = {
    "nothing": lambda tf: tf.nn.embedding_lookup(None, _IDS),
    "no parts": lambda tf: tf.nn.embedding_lookup([], _IDS),
    "strategy": lambda tf: tf.nn.embedding_lookup(_parts(tf), _IDS, "deal"),
    "out of range": lambda tf: tf.nn.embedding_lookup(_TABLE, [7]),
    "dense ids": lambda tf: tf.nn.embedding_lookup_sparse(_TABLE, tf.constant(_IDS), None),
    "dense weights": lambda tf: tf.nn.embedding_lookup_sparse(_TABLE, _ids(tf), tf.ones([5])),
    "combiner": lambda tf: tf.nn.embedding_lookup_sparse(_TABLE, _ids(tf), None, combiner="max"),
    "no table": lambda tf: tf.nn.safe_embedding_lookup_sparse(None, _ids(tf)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_of_tensorflow_s_class(name: str) -> None:
    from tests.oracle import tf1

    assert error_of(tf1x, ERRORS[name])[0] == error_of(tf1, ERRORS[name])[0]
