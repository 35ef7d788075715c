"""Tensor lists: what a `TensorArray` is made of. A list is a value (type `variant`), never changed.

The signatures are those of TensorFlow's list ops, so exported graphs run there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue, Repeated, blank
from tf1x.ops.shape_rules import scalar

_SHAPE_TYPES = (int32, int64)


def _dims(element_shape: Any) -> tuple[int, ...] | None:
    """A fully known element shape as a tuple, else None."""
    known = xp.static(element_shape)
    if known.ndim == 0 or (known < 0).any():
        return None
    return tuple(int(d) for d in known)


def _element(index: int) -> Any:
    """Shape rule: the element shape stands in an input."""

    def rule(op: Operation) -> list[Any]:
        if constant_value(op.inputs[index]) is not None and not op.inputs[index].shape.ndims:
            return [None]
        return [constant_value_as_shape(op.inputs[index])]

    return rule


def _stacked(op: Operation) -> list[Any]:
    (element,) = _element(1)(op)
    count = op.attrs["num_elements"]
    dims = element if element is None else element.tuple
    return [None if dims is None else (None if count < 0 else count, *dims)]


@op(
    "element_shape: shape_type, max_num_elements: int32 -> handle: variant",
    shape_type=_SHAPE_TYPES,
    shape=scalar,
    grad=None,
)
def EmptyTensorList(element_shape: Any, max_num_elements: Any, *, element_dtype: DType) -> Any:
    """A list without elements."""
    return _reserved(element_shape, 0, element_dtype)


@op(
    "element_shape: shape_type, num_elements: int32 -> handle: variant",
    shape_type=_SHAPE_TYPES,
    shape=scalar,
    grad=None,
)
def TensorListReserve(element_shape: Any, num_elements: Any, *, element_dtype: DType) -> Any:
    """A list of `num_elements` elements that are yet to be written."""
    return _reserved(element_shape, int(xp.static(num_elements)), element_dtype)


def _reserved(element_shape: Any, count: int, element_dtype: DType) -> ListValue:
    dtype, dims = element_dtype.numpy_dtype, _dims(element_shape)
    buffer = None if dims is None else blank((count, *dims), dtype)
    return ListValue(buffer, count, dtype)


@op(
    "tensor: element_dtype, element_shape: shape_type -> output_handle: variant",
    shape_type=_SHAPE_TYPES,
    shape=scalar,
)
def TensorListFromTensor(tensor: Any, element_shape: Any) -> Any:
    """The rows of `tensor` as a list."""
    return ListValue(tensor, int(tensor.shape[0]), tensor.dtype)


@op(
    "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
    shape=_stacked,
)
def TensorListStack(
    input_handle: ListValue, element_shape: Any, *, element_dtype: DType, num_elements: int = -1
) -> Any:
    """All elements as one tensor [length, *element shape]."""
    whole = input_handle.settled().filled(_dims(element_shape))
    if num_elements not in (-1, whole.length):
        raise InvalidArgumentError(
            None,
            None,
            f"Operation expected a list with {num_elements} elements but got a list with "
            f"{whole.length} elements.",
        )
    return whole.buffer


@op(
    "input_handle: variant, index: int32, element_shape: int32 -> item: element_dtype",
    shape=_element(2),
    attrs={"Tshape": ("DType", int32)},
)
def TensorListGetItem(
    input_handle: ListValue, index: Any, element_shape: Any, *, element_dtype: DType
) -> Any:
    """The element at `index`."""
    if isinstance(input_handle, Repeated):
        _check_index(index, input_handle)
        return input_handle.element
    made = input_handle.filled(_dims(element_shape))
    _check_index(index, made)
    if not made.capacity:
        return blank(made.buffer.shape[1:], made.element_dtype)  # not reached, or flagged above
    return xp.take(made.buffer, xp.clip(index, 0, made.capacity - 1), axis=0)


def _check_index(index: Any, values: ListValue) -> None:
    xp.check(
        xp.logical_and(xp.asarray(index) >= 0, index < values.length),
        InvalidArgumentError,
        lambda: f"Trying to access element {index} in a list with {values.length} elements.",
    )


@op(
    "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
    shape=scalar,
)
def TensorListSetItem(
    input_handle: ListValue,
    index: Any,
    item: Any,
    *,
    resize_if_index_out_of_bounds: bool = False,
) -> Any:
    """The list with `item` at `index`."""
    return input_handle.with_item(index, item, grow=resize_if_index_out_of_bounds)


@op("input_handle: variant, tensor: element_dtype -> output_handle: variant", shape=scalar)
def TensorListPushBack(input_handle: ListValue, tensor: Any) -> Any:
    """The list with one more element at its end."""
    return input_handle.pushed(tensor)


@op("input_handle: variant -> length: int32", shape=scalar, grad=None)
def TensorListLength(input_handle: ListValue) -> Any:
    """The number of elements."""
    return xp.asarray(input_handle.length, np.int32)


@op(
    "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
    shape=lambda op: [
        None
        if _element(2)(op)[0] is None or op.inputs[1].shape.tuple is None
        else _joined(op.inputs[1].shape.tuple, _element(2)(op)[0].tuple)
    ],
)
def TensorListGather(
    input_handle: ListValue, indices: Any, element_shape: Any, *, element_dtype: DType
) -> Any:
    """The elements at `indices`, stacked."""
    made = input_handle.filled(_dims(element_shape))
    xp.check(
        xp.logical_and(indices >= 0, indices < made.length),
        InvalidArgumentError,
        lambda: f"Trying to gather elements {indices} from a list of {made.length} elements.",
    )
    if not made.capacity:
        return blank((*np.shape(indices), *made.buffer.shape[1:]), made.element_dtype)
    return xp.take(made.buffer, xp.clip(indices, 0, made.capacity - 1), axis=0)


def _joined(first: tuple[Any, ...], rest: Any) -> Any:
    return None if rest is None else (*first, *rest)


@op(
    "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 "
    "-> output_handle: variant",
    shape_type=_SHAPE_TYPES,
    shape=scalar,
)
def TensorListScatterV2(tensor: Any, indices: Any, element_shape: Any, num_elements: Any) -> Any:
    """A list whose element `indices[i]` is row i of `tensor`; -1 elements: as many as are needed."""
    count = int(xp.static(num_elements))
    if count < 0:
        count = int(xp.static(indices).max(initial=-1)) + 1
    made = ListValue(blank((count, *tensor.shape[1:]), tensor.dtype), count, tensor.dtype)
    return _scattered(made, tensor, indices)


@op(
    "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant",
    shape=scalar,
)
def TensorListScatterIntoExistingList(input_handle: ListValue, tensor: Any, indices: Any) -> Any:
    """The list with row i of `tensor` at `indices[i]`; it grows where that is needed."""
    made = input_handle.filled(tuple(tensor.shape[1:]))
    if not isinstance(made.length, int) or not xp.is_jax(indices):
        needed = int(xp.static(indices).max(initial=-1)) + 1
        if needed > made.capacity:
            made = made.resized(needed)
    return _scattered(made, tensor, indices)


def _scattered(made: ListValue, rows: Any, indices: Any) -> ListValue:
    xp.check(
        xp.logical_and(indices >= 0, indices < made.capacity),
        InvalidArgumentError,
        lambda: f"Trying to scatter to elements {indices} of a list of {made.capacity} elements.",
    )
    if not xp.is_jax(made.buffer, rows, indices):
        buffer = np.array(made.buffer)
        buffer[indices] = rows
        return made.with_buffer(buffer)
    import jax.numpy as jnp

    return made.with_buffer(jnp.asarray(made.buffer).at[indices].set(rows, mode="drop"))


@op(
    "input_handle: variant, element_shape: shape_type, leading_dims: int64 "
    "-> tensor: element_dtype, lengths: int64",
    shape_type=_SHAPE_TYPES,
    shape=lambda op: [_concatenated(op), (None,)],
)
def TensorListConcatV2(
    input_handle: ListValue, element_shape: Any, leading_dims: Any, *, element_dtype: DType
) -> Any:
    """All elements joined along their first dimension, and how long each was."""
    known = xp.static(element_shape)
    dims = tuple(int(d) for d in known) if known.ndim and (known >= 0).all() else None
    whole = input_handle.settled().filled(dims)
    count, rows = whole.buffer.shape[:2]
    tensor = xp.reshape(whole.buffer, (count * rows, *whole.buffer.shape[2:]))
    return tensor, np.full((count,), rows, np.int64)


def _concatenated(op: Operation) -> Any:
    (element,) = _element(1)(op)
    dims = None if element is None else element.tuple
    return None if dims is None else (None, *dims[1:])


@op(
    "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant",
    shape_type=_SHAPE_TYPES,
    shape=scalar,
)
def TensorListSplit(tensor: Any, element_shape: Any, lengths: Any) -> Any:
    """`tensor` cut along its first dimension into pieces, which must have one length."""
    sizes = xp.static(lengths)
    if int(sizes.sum()) != tensor.shape[0]:
        raise InvalidArgumentError(
            None,
            None,
            f"Invalid value in lengths: they sum to {sizes.sum()}, the tensor has "
            f"{tensor.shape[0]} rows.",
        )
    made = ListValue(None, len(sizes), tensor.dtype)
    for i, piece in enumerate(xp.split(tensor, np.cumsum(sizes)[:-1], axis=0)):
        made = made.with_item(np.int32(i), piece)
    return made


@op("input_handle: variant, size: int32 -> output_handle: variant", shape=scalar)
def TensorListResize(input_handle: ListValue, size: Any) -> Any:
    """The list cut, or padded with unwritten elements, to `size`."""
    return input_handle.settled().resized(int(xp.static(size)))


@op("input_handle: variant -> element_shape: shape_type", shape=lambda op: [(None,)], grad=None)
def TensorListElementShape(input_handle: ListValue, *, shape_type: DType) -> Any:
    """The elements' shape; -1 where nothing has been written."""
    dims = input_handle.element_shape
    return np.asarray(-1 if dims is None else dims, shape_type.numpy_dtype)
