"""`tf.IndexedSlices`: some rows of a larger tensor, the gradient of a gather."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import DType
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor


class IndexedSlices:
    """Rows `values[i]` that stand at `indices[i]` of a tensor of shape `dense_shape`.

    Attributes:
        values: tensor of shape [n, ...].
        indices: int tensor of shape [n].
        dense_shape: int vector, or None.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> DType:
        return self.values.dtype

    @property
    def name(self) -> str:
        return self.values.name

    @property
    def op(self) -> Operation:
        return self.values.op

    @property
    def graph(self) -> Graph:
        return self.values.graph

    @property
    def device(self) -> str:
        return self.values.device

    @property
    def shape(self) -> Any:
        from tf1x.core.shapes import TensorShape
        from tf1x.core.static import constant_value_as_shape

        return (
            TensorShape(None)
            if self.dense_shape is None
            else constant_value_as_shape(self.dense_shape)
        )

    def get_shape(self) -> Any:
        return self.shape

    def __repr__(self) -> str:
        shape = f", dense_shape={self.dense_shape}" if self.dense_shape is not None else ""
        return f"IndexedSlices(indices={self.indices}, values={self.values}{shape})"


def _to_dense(
    value: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    from tf1x.core import opdef

    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype {value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(
            f"Tensor conversion requested for IndexedSlices without dense_shape: {value}"
        )
    shape: Any = value.dense_shape  # `Tensor` gets its operators from ops/operators.py
    dense: Tensor = opdef.get("UnsortedSegmentSum").endpoint(
        value.values, value.indices, shape[0], name=name
    )
    return dense


convert.register_tensor_conversion_function(IndexedSlices, _to_dense)
