"""`tf.SparseTensor`: a tensor as the places and values of its elements that are not zero."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, int64
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value_as_shape

SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])


class SparseTensor:
    """The elements `values[i]` at `indices[i]` of a tensor of shape `dense_shape`; the rest is zero.

    Args:
        indices: int64 matrix of shape [n, rank], by most ops expected in row-major order.
        values: vector of n elements of any type.
        dense_shape: int64 vector of length `rank`.

    Raises:
        ValueError: the three do not fit together.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with scopes.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = convert.to_tensor(indices, int64, name="indices")
            self._values = convert.to_tensor(values, name="values")
            self._dense_shape = convert.to_tensor(dense_shape, int64, name="dense_shape")
        self._shape = constant_value_as_shape(self._dense_shape)
        places = self._indices.shape.with_rank(2)
        places[:1].assert_is_compatible_with(self._values.shape.with_rank(1))
        places[1:].assert_is_compatible_with(self._dense_shape.shape.with_rank(1))

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A SparseTensor as it is, a `SparseTensorValue` as a new one.

        Raises:
            TypeError: it is neither.
        """
        if not is_sparse(sparse_tensor_value):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {sparse_tensor_value}.")
        return cls(*parts(sparse_tensor_value))

    @property
    def indices(self) -> Tensor:
        """The int64 matrix of places, one a row."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The vector of elements."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The shape of the dense tensor, an int64 vector."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """What is known of the dense tensor's shape while the graph is built."""
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add to what is known of the dense tensor's shape."""
        self._shape = self._shape.merge_with(shape)

    def with_values(self, new_values: Any) -> SparseTensor:
        """Other values at the same places."""
        return SparseTensor(self._indices, new_values, self._dense_shape)

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def op(self) -> Operation:
        """The operation that computes the values."""
        return self._values.op

    @property
    def graph(self) -> Graph:
        return self._indices.graph

    def eval(self, feed_dict: Any = None, session: Any = None) -> SparseTensorValue:
        """The value in a session, by default the default one."""
        session = session or scopes.require_default_session("evaluate a SparseTensor")
        value: SparseTensorValue = session.run(self, feed_dict)
        return value

    @classmethod
    def _override_operator(cls, name: str, function: Callable[..., Any]) -> None:
        setattr(cls, name, function)

    def __repr__(self) -> str:
        return (
            f"SparseTensor(indices={self._indices}, values={self._values}, "
            f"dense_shape={self._dense_shape})"
        )


def is_sparse(value: Any) -> bool:
    """Whether `value` is a `SparseTensor` or a `SparseTensorValue`."""
    return isinstance(value, (SparseTensor, SparseTensorValue))


def parts(value: Any) -> list[Any]:
    """Indices, values and dense shape."""
    return [value.indices, value.values, value.dense_shape]


def to_sparse(value: Any) -> SparseTensor:
    """A SparseTensor as it is, a `SparseTensorValue` as constants.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(value, SparseTensor):
        return value
    if not isinstance(value, SparseTensorValue):
        raise TypeError("Input must be a SparseTensor.")
    return SparseTensor.from_value(value)


def convert_to_tensor_or_sparse_tensor(
    value: Any, dtype: Any = None, name: str | None = None
) -> Tensor | SparseTensor:
    """`value` as a SparseTensor if it is sparse, as a Tensor otherwise.

    Raises:
        RuntimeError: a sparse value of another type than `dtype`.
    """
    if not is_sparse(value):
        return convert.to_tensor(value, dtype, name=name)
    sparse = to_sparse(value)
    if dtype is not None and not as_dtype(dtype).is_compatible_with(sparse.dtype):
        raise RuntimeError(
            f"Sparse dtype mismatch. Requested: {as_dtype(dtype).name},  Actual: {sparse.dtype.name}"
        )
    return sparse


def _refuse(
    value: SparseTensor, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    raise TypeError(
        f"{value!r} is a SparseTensor, where a dense tensor is wanted. "
        "Use tf.sparse_tensor_to_dense or an op of tf.sparse."
    )


convert.register_tensor_conversion_function(SparseTensor, _refuse)
