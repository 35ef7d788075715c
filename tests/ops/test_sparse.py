"""The functions on sparse tensors: the same graphs, values and errors as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_PLACES = np.int64([[0, 1], [0, 3], [2, 0], [3, 2]])
_MIXED = _PLACES[[2, 0, 3, 1]]
_DENSE = floats(5, 4, seed=3)


def _sparse(tf: Any, values: Any = (1.5, -2.0, 3.0, 4.5), places: Any = _PLACES) -> Any:
    return tf.SparseTensor(places, values, [5, 4])


def _open(tf: Any, values: Any = (1.5, -2.0, 3.0, 4.5), places: Any = _PLACES) -> Any:
    """A sparse tensor of whose shape the graph knows the rank only."""
    shape = tf.placeholder_with_default(np.int64([5, 4]), [2])
    return tf.SparseTensor(tf.constant(places), tf.constant(values), shape)


def _ids(tf: Any) -> Any:
    return _sparse(tf, [3, 0, 2, 3])


def _parts(*items: Any) -> list[Any]:
    """What can be fetched of sparse tensors and tensors."""
    flat = []
    for item in items:
        flat += (
            [item.indices, item.values, item.dense_shape] if hasattr(item, "indices") else [item]
        )
    return flat


FUNCTIONS: dict[str, Program] = {
    "constructor": lambda tf: _parts(_sparse(tf), tf.SparseTensor(indices=[[0]], values=["a"], dense_shape=[3])),
    "constructor of tensors": lambda tf: _parts(tf.SparseTensor(tf.constant(_PLACES), tf.ones([4]), tf.constant([5, 4], tf.int64))),
    "value": lambda tf: _parts(tf.SparseTensor.from_value(tf.SparseTensorValue(_PLACES, [1, 2, 3, 4], [5, 4]))),
    "convert": lambda tf: _parts(tf.convert_to_tensor_or_sparse_tensor(_sparse(tf)), tf.convert_to_tensor_or_sparse_tensor([1.0], name="c")),
    "from dense": lambda tf: _parts(tf.sparse.from_dense([[0, 1], [2, 0]])),
    "to dense": lambda tf: [tf.sparse_tensor_to_dense(_sparse(tf)), tf.sparse.to_dense(_open(tf), -1.0, name="d"), tf.sparse_tensor_to_dense(_sparse(tf, ["a", "b", "c", "d"]))],
    "to dense out of order": lambda tf: tf.sparse_tensor_to_dense(_sparse(tf, places=_MIXED), validate_indices=False),
    "sparse_to_dense": lambda tf: [tf.sparse_to_dense([1, 3], [5], [2.0, 3.0]), tf.sparse_to_dense(sparse_indices=_PLACES, output_shape=[5, 4], sparse_values=1, default_value=-1, name="d")],
    "indicator": lambda tf: [tf.sparse_to_indicator(_ids(tf), 5), tf.sparse.to_indicator(_ids(tf), tf.constant(4), name="i")],
    "merge": lambda tf: _parts(tf.sparse_merge(_ids(tf), _sparse(tf), 5), tf.sparse_merge([_ids(tf), _ids(tf)], _sparse(tf), [4, 5], name="m", already_sorted=True)),
    "reorder": lambda tf: _parts(tf.sparse_reorder(_sparse(tf, places=_MIXED)), tf.sparse.reorder(_open(tf, places=_MIXED), name="r")),
    "reshape": lambda tf: _parts(tf.sparse_reshape(_sparse(tf), [2, 10]), tf.sparse_reshape(_sparse(tf), [-1, 2, 2]), tf.sparse.reshape(_open(tf), [4, -1], name="r")),
    "reshape by tensor": lambda tf: _parts(tf.sparse_reshape(_sparse(tf), tf.constant([10, 2])), tf.sparse_reshape(_open(tf), [tf.size(_open(tf)), 1])),
    "transpose": lambda tf: _parts(tf.sparse_transpose(_sparse(tf)), tf.sparse.transpose(_open(tf), [1, 0], name="t"), tf.sparse_transpose(_sparse(tf), perm=[0, 1])),
    "expand_dims": lambda tf: _parts(tf.sparse.expand_dims(_sparse(tf)), tf.sparse.expand_dims(_sparse(tf), 1, name="e")),
    "eye": lambda tf: _parts(tf.sparse.eye(3), tf.sparse.eye(2, 3, tf.int32, name="i")),
    "concat": lambda tf: _parts(tf.sparse_concat(0, [_sparse(tf), _sparse(tf)]), tf.sparse.concat(axis=1, sp_inputs=[_open(tf), _sparse(tf)], name="c"), tf.sparse_concat(concat_dim=0, sp_inputs=[_sparse(tf)], axis=None)),
    "concat of sizes": lambda tf: _parts(tf.sparse_concat(-1, [_sparse(tf), tf.SparseTensor([[0, 0]], [9.0], [6, 1])], expand_nonconcat_dim=True)),
    "split": lambda tf: _parts(*tf.sparse_split(sp_input=_sparse(tf), num_split=2, axis=0), *tf.sparse.split(sp_input=_open(tf), num_split=2, axis=1, name="s")),
    "slice": lambda tf: _parts(tf.sparse_slice(_sparse(tf), [0, 1], [3, 3]), tf.sparse.slice(_open(tf), [2, 0], [9, 9], name="s")),
    "retain": lambda tf: _parts(tf.sparse_retain(_sparse(tf), [True, False, False, True]), tf.sparse.retain(_open(tf), tf.greater(_open(tf).values, 0.0))),
    "reset_shape": lambda tf: _parts(tf.sparse_reset_shape(_sparse(tf)), tf.sparse_reset_shape(_sparse(tf), [6, 7])),
    "fill_empty_rows": lambda tf: _parts(*tf.sparse_fill_empty_rows(_sparse(tf), 7.0), *tf.sparse.fill_empty_rows(_sparse(tf, ["a", "b", "c", "d"]), "none", name="f")),
    "mask": lambda tf: _parts(*[[x.indices, x.values][i] for x in [tf.sparse_mask(tf.IndexedSlices(tf.constant(_DENSE), tf.range(5)), [1, 3])] for i in (0, 1)]),
    "add": lambda tf: _parts(tf.sparse_add(_sparse(tf), _sparse(tf)), tf.sparse.add(_open(tf), _sparse(tf), threshold=3.5), tf.sparse_add(_sparse(tf), _DENSE), tf.sparse_add(_DENSE, _open(tf))),
    "matmul": lambda tf: [tf.sparse_tensor_dense_matmul(_sparse(tf), _DENSE[:4]), tf.sparse.matmul(_open(tf), _DENSE, adjoint_a=True, name="m"), tf.sparse.sparse_dense_matmul(_sparse(tf), _DENSE, adjoint_b=True)],
    "matmul dense first": lambda tf: [tf.sparse.matmul(_DENSE, _sparse(tf), adjoint_b=True), tf.sparse.matmul(_DENSE, _sparse(tf), adjoint_a=True), tf.sparse.matmul(_DENSE.T, _sparse(tf))],
    "softmax": lambda tf: _parts(tf.sparse_softmax(_sparse(tf)), tf.sparse.softmax(_open(tf), name="s")),
    "extremes": lambda tf: _parts(tf.sparse_maximum(_sparse(tf), _sparse(tf, places=_PLACES + [[1, 0]])), tf.sparse.minimum(_open(tf), _sparse(tf), name="m")),
    "reductions": lambda tf: [tf.sparse_reduce_sum(_sparse(tf)), tf.sparse_reduce_sum(_open(tf), axis=1), tf.sparse_reduce_sum(_sparse(tf), [0], keep_dims=True), tf.sparse.reduce_max(_sparse(tf), axis=[0, 1]), tf.sparse_reduce_max(_sparse(tf), reduction_axes=1, keepdims=True)],
    "sparse reductions": lambda tf: _parts(tf.sparse_reduce_sum_sparse(_sparse(tf), 1), tf.sparse.reduce_max_sparse(_sparse(tf), 0, True)),
    "operators": lambda tf: _parts(_sparse(tf) * 2.0, _sparse(tf) / _DENSE, _sparse(tf) * tf.constant(_DENSE[0]), tf.constant(_DENSE) * _sparse(tf), _ids(tf) / 2),
    "cast": lambda tf: _parts(tf.cast(_ids(tf), tf.float32), tf.to_int64(_sparse(tf))),
    "identity": lambda tf: _parts(tf.identity(_sparse(tf))),
    "sizes": lambda tf: [tf.shape(_sparse(tf)), tf.size(_sparse(tf)), tf.rank(_sparse(tf))],
    "sets": lambda tf: _parts(tf.sets.intersection([[1, 2]], [[2, 3]]), tf.sets.set_union([["a"]], [["b"]]), tf.sets.difference([[1, 2]], [[2]], aminusb=False), tf.sets.set_difference(tf.sparse_reorder(_ids(tf)), tf.zeros([5, 1], tf.int32)), tf.sets.size(_ids(tf))),
    "edit distance": lambda tf: [tf.edit_distance(_ids(tf), _ids(tf)), tf.edit_distance(_sparse(tf, ["a", "b", "c", "d"]), _sparse(tf, ["a", "x", "y", "d"]), normalize=False, name="e")],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    assert_same(FUNCTIONS[name])


def _gradient(tf: Any, function: Any) -> list[Any]:
    """The gradients of a function of a sparse tensor's values and a dense tensor."""
    values, dense = tf.constant([1.5, -2.0, 3.0, 4.5]), tf.constant(_DENSE)
    y = function(tf, tf.SparseTensor(_PLACES, values, [5, 4]), dense)
    y = getattr(y, "values", y)
    weights = tf.reshape(tf.range(1.0, 1.0 + tf.cast(tf.size(y), tf.float32)), tf.shape(y))
    found = tf.gradients(y * weights, [values, dense])
    return [None if g is None else tf.convert_to_tensor(g) for g in found]


GRADIENTS: dict[str, Any] = {
    "to dense": lambda tf, x, y: tf.sparse_tensor_to_dense(x),
    "to dense of a default": lambda tf, x, y: tf.sparse_tensor_to_dense(x, tf.reduce_sum(y)),
    "matmul": lambda tf, x, y: tf.sparse_tensor_dense_matmul(x, y, adjoint_b=True),
    "matmul adjoint": lambda tf, x, y: tf.sparse_tensor_dense_matmul(x, y, adjoint_a=True),
    "add": lambda tf, x, y: tf.sparse_add(x, x * y),
    "add above a threshold": lambda tf, x, y: tf.sparse_add(x, x * y, threshold=3.0),
    "add dense": lambda tf, x, y: tf.sparse_add(x, y),
    "product": lambda tf, x, y: x * y,
    "quotient": lambda tf, x, y: x / y[0],
    "sum": lambda tf, x, y: tf.sparse_reduce_sum(x, 1),
    "softmax": lambda tf, x, y: tf.sparse_softmax(x),
    "reorder": lambda tf, x, y: tf.sparse_transpose(x),
    "reshape": lambda tf, x, y: tf.sparse_reshape(x, [-1]),
    "retain": lambda tf, x, y: tf.sparse_retain(x, [True, False, True, True]),
    "slice": lambda tf, x, y: tf.sparse_slice(x, [0, 1], [4, 3]),
    "fill_empty_rows": lambda tf, x, y: tf.sparse_fill_empty_rows(x, tf.reduce_sum(y))[0],
    "concat": lambda tf, x, y: tf.sparse_concat(0, [x, x]),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradient(name: str) -> None:
    assert_same(lambda tf: _gradient(tf, GRADIENTS[name]), nodes=False)


ERRORS: dict[str, Program] = {
    "not sparse": lambda tf: tf.sparse_tensor_to_dense(tf.ones([2])),
    "ranks": lambda tf: tf.SparseTensor([[0, 1]], [1.0], [3]).values,
    "counts": lambda tf: tf.SparseTensor([[0, 1]], [1.0, 2.0], [3, 3]).values,
    "out of order": lambda tf: tf.sparse_tensor_to_dense(_sparse(tf, places=_MIXED)),
    "repeated": lambda tf: tf.sparse_tensor_to_dense(_sparse(tf, places=_PLACES * 0)),
    "out of bounds": lambda tf: tf.sparse_tensor_to_dense(_sparse(tf, places=_PLACES + 3)),
    "inner dimensions": lambda tf: tf.sparse_tensor_dense_matmul(_open(tf), _DENSE),
    "shapes of a sum": lambda tf: tf.sparse_add(_open(tf), tf.SparseTensor([[0, 0]], [1.0], [2, 2])).values,
    "size of a reshape": lambda tf: tf.sparse_reshape(_sparse(tf), [7]).values,
    "size of an open reshape": lambda tf: tf.sparse_reshape(_open(tf), [7]).indices,
    "smaller shape": lambda tf: tf.sparse_reset_shape(_sparse(tf), [1, 1]).values,
    "type": lambda tf: tf.convert_to_tensor_or_sparse_tensor(_sparse(tf), tf.int32).values,
    "two dense": lambda tf: tf.sparse_add(1.0, 2.0),
    "split by position": lambda tf: tf.sparse_split(sp_input=_sparse(tf), axis=0)[0].values,
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_of_tensorflow_s_class(name: str) -> None:
    from tests.oracle import tf1

    assert error_of(tf1x, ERRORS[name])[0] == error_of(tf1, ERRORS[name])[0]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"shape": [None, 4]}, {"shape": [5, 4], "name": "s"}, {"shape": np.int64([5, 4])}],
    ids=["open", "partly known", "known", "array"],
)
def test_placeholder(arguments: dict[str, Any]) -> None:
    from tests.oracle import tf1

    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default() as graph, tf.Session() as session:
            x = tf.sparse_placeholder(tf.float32, **arguments)
            shape = x.get_shape()
            dense = tf.sparse_tensor_to_dense(x)
            nodes = [(op.name, op.type) for op in graph.get_operations()]
            given = tf.SparseTensorValue(_PLACES, np.float32([1, 2, 3, 4]), [5, 4])
            again = [session.run([x, dense], {x: value}) for value in (given, tuple(given))]
            found.append((shape.ndims and shape.as_list(), nodes, again))
    (our_shape, our_nodes, ours), (their_shape, their_nodes, theirs) = found
    assert our_shape == their_shape
    assert our_nodes == their_nodes
    for (our_x, our_dense), (their_x, their_dense) in zip(ours, theirs, strict=True):
        assert type(our_x).__name__ == "SparseTensorValue"
        np.testing.assert_array_equal(our_dense, their_dense)
        for a, b in zip(our_x, their_x, strict=True):
            np.testing.assert_array_equal(a, b)


def test_strings_are_read_by_tensorflow_and_back() -> None:
    from tests.oracle import tf1

    for writer, reader in ((tf1x, tf1), (tf1, tf1x)):
        with writer.Graph().as_default(), writer.Session() as session:
            one, many = session.run(
                [
                    writer.serialize_sparse(_sparse(writer)),
                    writer.serialize_many_sparse(_sparse(writer)),
                ]
            )
        with reader.Graph().as_default(), reader.Session() as session:
            restored = reader.deserialize_many_sparse(np.stack([one, one]), reader.float32, rank=3)
            rows = reader.deserialize_many_sparse(many, reader.float32, rank=2)
            values = session.run([restored, rows, _sparse(reader)])
        np.testing.assert_array_equal(values[0].indices[:4, 1:], _PLACES)
        np.testing.assert_array_equal(values[0].dense_shape, [2, 5, 4])
        for a, b in zip(values[1], values[2], strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_open_product_stays_in_one_compiled_segment() -> None:
    """A sparse feed does not split the program: its small shape is known, its elements are traced."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.sparse_placeholder(tf1x.float32)
        w = tf1x.placeholder(tf1x.float32, [4, 3])
        y = tf1x.reduce_sum(tf1x.tanh(tf1x.sparse_tensor_dense_matmul(x, w)))
        gradient = tf1x.gradients(y, w)[0]
        feed = {x: (_PLACES, np.float32([1, 2, 3, 4]), [5, 4]), w: floats(4, 3)}
        session.run([y, gradient], feed)
        (executor,) = session._executors.values()
        assert [step.host for step in executor.plan.steps] == [False]


def test_sparse_strings_stand_beside_compiled_ops() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        words, x = tf1x.sparse_placeholder(tf1x.string), tf1x.placeholder(tf1x.float32, [None])
        filled, empty = tf1x.sparse_fill_empty_rows(words, "none")
        fetches = [tf1x.sparse_tensor_to_dense(words, "-"), filled, empty, tf1x.tanh(x)]
        feed = {words: ([[0, 1], [2, 0]], ["a", "b"], [3, 2]), x: [0.5]}
        dense, filled, empty, y = session.run(fetches, feed)
    assert dense.tolist() == [[b"-", b"a"], [b"-", b"-"], [b"b", b"-"]]
    assert filled.values.tolist() == [b"a", b"none", b"b"]
    assert empty.tolist() == [False, True, False]
    np.testing.assert_allclose(y, np.tanh([0.5]), rtol=1e-6)
