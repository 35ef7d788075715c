"""`SparseTensor` as an object, without ops."""

from __future__ import annotations

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.sparse_tensor import is_sparse, parts, to_sparse


@pytest.fixture(autouse=True)
def _graph() -> object:
    with tf.Graph().as_default() as graph:
        yield graph


def _sparse() -> tf.SparseTensor:
    return tf.SparseTensor([[0, 1], [2, 0]], [1.5, 2.5], [3, 4])


def test_parts() -> None:
    x = _sparse()
    assert [t.dtype for t in parts(x)] == [tf.int64, tf.float32, tf.int64]
    assert [t.op.name for t in parts(x)] == [
        "SparseTensor/indices",
        "SparseTensor/values",
        "SparseTensor/dense_shape",
    ]
    assert x.dtype is tf.float32
    assert x.op is x.values.op
    assert x.graph is tf.get_default_graph()


def test_shape() -> None:
    assert _sparse().shape.as_list() == _sparse().get_shape().as_list() == [3, 4]
    x = tf.SparseTensor([[0, 1]], [1], tf.placeholder(tf.int64, [2]))
    assert x.shape.as_list() == [None, None]
    x.set_shape([None, 7])
    assert x.shape.as_list() == [None, 7]
    with pytest.raises(ValueError):
        x.set_shape([1, 8])


@pytest.mark.parametrize(
    ("indices", "values", "shape"),
    [([0], [1.0], [3]), ([[0]], 1.0, [3]), ([[0]], [1.0, 2.0], [3]), ([[0, 1]], [1.0], [3])],
    ids=["vector of places", "scalar", "counts", "ranks"],
)
def test_parts_that_do_not_fit(indices: object, values: object, shape: object) -> None:
    with pytest.raises(ValueError):
        tf.SparseTensor(indices, values, shape)


def test_values() -> None:
    given = tf.SparseTensorValue(np.int64([[0]]), np.float32([2]), np.int64([3]))
    assert is_sparse(given)
    assert is_sparse(_sparse())
    assert not is_sparse(tf.constant(1))
    made = to_sparse(given)
    with tf.Session():
        found = made.eval()
    assert isinstance(found, tf.SparseTensorValue)
    assert [x.tolist() for x in found] == [x.tolist() for x in given]
    assert to_sparse(made) is made
    with pytest.raises(TypeError, match="must be a SparseTensor"):
        to_sparse([1.0])
    with pytest.raises(TypeError):
        tf.SparseTensor.from_value([1.0])


def test_other_values_at_the_same_places() -> None:
    x = _sparse()
    y = x.with_values([1, 2])
    assert y.dtype is tf.int32
    assert (y.indices, y.dense_shape) == (x.indices, x.dense_shape)


def test_not_a_dense_tensor() -> None:
    with pytest.raises(TypeError, match="sparse_tensor_to_dense"):
        tf.convert_to_tensor(_sparse())
    with pytest.raises(TypeError):
        tf.constant([1.0]) + _sparse()


def test_fetch_in_a_structure() -> None:
    x = _sparse()
    with tf.Session() as session:
        found = session.run({"x": x, "both": [x, x.values]})
    assert isinstance(found["x"], tf.SparseTensorValue)
    np.testing.assert_array_equal(found["both"][0].values, found["both"][1])
