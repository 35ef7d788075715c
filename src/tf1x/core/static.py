"""Values known while the graph is built: what shape rules may look at."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.errors import OpError
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape

# Folding is for shapes, axes and the like; anything larger is not worth the time.
_MAX_ELEMENTS = 1024
_MAX_DEPTH = 64


def constant_value(tensor: Any, partial: bool = False) -> np.ndarray[Any, Any] | None:
    """The tensor's value if the graph alone determines it, else None (`tensor_util.constant_value`)."""
    if isinstance(tensor, np.ndarray):
        return tensor
    return _constant_value(tensor, _MAX_DEPTH)


def _constant_value(tensor: Tensor, depth: int) -> np.ndarray[Any, Any] | None:
    if tensor.graph.is_eager:
        return tensor.known_value()  # type: ignore[attr-defined, no-any-return]
    op = tensor.op
    if op.type == "Const":
        value: np.ndarray[Any, Any] = op.attrs["value"]
        return value
    if not depth or op.control_inputs:
        return None
    if op.type == "_Arg":
        bound = op.graph.bound(tensor)  # type: ignore[attr-defined]
        return None if bound is None else _constant_value(bound, depth - 1)
    if op.type in ("Shape", "ShapeN", "Size", "Rank"):
        return _shape_value(tensor)
    definition = op.opdef
    if definition.stateful or definition.host or definition.injected:
        return None
    if not definition.exact and (definition.needs_jax or not _is_integral(op)):
        return None
    size = tensor.shape.num_elements()
    if size is None or size > _MAX_ELEMENTS or not op.inputs:
        return None
    values = []
    for item in op.inputs:
        if item.dtype._is_ref_dtype:
            return None
        known = _constant_value(item, depth - 1)
        if known is None or known.size > _MAX_ELEMENTS:
            return None
        values.append(known)
    try:
        with np.errstate(all="ignore"):
            result = definition.lower(
                *definition.arguments(op, values), **definition.keywords(op.attrs)
            )
    except (OpError, ValueError, TypeError, IndexError):
        return None  # the run will say what is wrong
    outputs: list[Any] = []
    for item in result if isinstance(result, (tuple, list)) else (result,):
        outputs += item if isinstance(item, (tuple, list)) else (item,)
    return np.asarray(outputs[tensor.value_index])


def _is_integral(op: Operation) -> bool:
    """Whether only integers and booleans go in and come out: NumPy and XLA agree on those."""
    return all(t.dtype.is_integer or t.dtype.is_bool for t in (*op.inputs, *op.outputs))


def _shape_value(tensor: Tensor) -> np.ndarray[Any, Any] | None:
    op = tensor.op
    shape = op.inputs[tensor.value_index].shape
    dtype = tensor.dtype.as_numpy_dtype
    if op.type == "Rank":
        return None if shape.ndims is None else np.array(shape.ndims, dtype)
    if not shape.is_fully_defined():
        return None
    if op.type == "Size":
        return np.array(shape.num_elements(), dtype)
    return np.array(shape.as_list(), dtype)


def constant_value_as_shape(tensor: Tensor) -> TensorShape:
    """The shape that a vector of ints stands for, as far as the graph determines it.

    Follows `Shape`, `Pack`, `ConcatV2`, `StridedSlice` and `Cast`, so that
    `tf.reshape(x, [tf.shape(x)[0], 10])` has the static shape (?, 10).
    """
    return TensorShape.of(_as_dims(tensor, _MAX_DEPTH))


def _as_dims(tensor: Tensor, depth: int) -> tuple[int | None, ...] | None:
    value = constant_value(tensor)
    if value is not None:
        return tuple(None if d < 0 else int(d) for d in value.reshape(-1))
    op = tensor.op
    size = tensor.shape.num_elements()
    unknown = None if size is None else (None,) * size
    if not depth:
        return unknown
    if op.type == "_Arg":
        bound = op.graph.bound(tensor)  # type: ignore[attr-defined]
        return unknown if bound is None else _as_dims(bound, depth - 1)
    if op.type in ("Shape", "ShapeN"):
        dims = op.inputs[tensor.value_index].shape.tuple
        return unknown if dims is None else dims
    if op.type in ("Cast", "Identity"):
        return _as_dims(op.inputs[0], depth - 1)
    if op.type == "Pack":
        parts = [_as_scalar_dim(t, depth - 1) for t in op.inputs]
        return tuple(parts)
    if op.type == "ConcatV2":
        joined: tuple[int | None, ...] = ()
        for item in op.inputs[:-1]:
            dims = _as_dims(item, depth - 1)
            if dims is None:
                return unknown
            joined += dims
        return joined
    if op.type == "StridedSlice":
        part = _sliced_dims(tensor, depth)
        return unknown if part is None else part
    return unknown


def _as_scalar_dim(tensor: Tensor, depth: int) -> int | None:
    value = constant_value(tensor)
    if value is not None:
        return None if int(value) < 0 else int(value)
    op = tensor.op
    if op.type == "_Arg" and depth:
        bound = op.graph.bound(tensor)  # type: ignore[attr-defined]
        return None if bound is None else _as_scalar_dim(bound, depth - 1)
    if op.type in ("Cast", "Identity") and depth:
        return _as_scalar_dim(op.inputs[0], depth - 1)
    if op.type == "StridedSlice" and op.attrs["shrink_axis_mask"] == 1 and depth:
        source = _as_dims(op.inputs[0], depth - 1)
        begin = constant_value(op.inputs[1])
        if source is not None and begin is not None and begin.size == 1:
            index = int(begin.reshape(-1)[0])
            if -len(source) <= index < len(source):
                return source[index]
    return None


def _sliced_dims(tensor: Tensor, depth: int) -> tuple[int | None, ...] | None:
    op = tensor.op
    source = _as_dims(op.inputs[0], depth - 1)
    begin, end, strides = (constant_value(t) for t in op.inputs[1:4])
    masks = [op.attrs[k] for k in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")]
    if source is None or begin is None or end is None or any(masks) or begin.size != 1:
        return None
    step = 1 if strides is None else int(strides.reshape(-1)[0])
    start = None if op.attrs["begin_mask"] & 1 else int(begin.reshape(-1)[0])
    stop = None if op.attrs["end_mask"] & 1 else int(end.reshape(-1)[0])
    return source[start:stop:step]
