"""Python values to tensors: `tf.convert_to_tensor` and the conversion registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core import dtypes, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.operation import Tensor
from tf1x.core.shapes import Dimension, TensorShape

# (priority, order, types, function(value, dtype, name, as_ref) -> Tensor or NotImplemented)
_conversions: list[tuple[int, int, Any, Callable[..., Any]]] = []


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable[..., Any], priority: int = 100
) -> None:
    """Convert instances of `base_type` with `conversion_func(value, dtype, name, as_ref)`.

    Args:
        base_type: a type or a tuple of types.
        conversion_func: returns a Tensor, or NotImplemented to pass.
        priority: lower ones are tried first (`tf.register_tensor_conversion_function`).
    """
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    _conversions.append((priority, len(_conversions), base_type, conversion_func))
    _conversions.sort(key=lambda item: item[:2])


def to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    as_ref: bool = False,
    dtype_hint: Any = None,
) -> Tensor:
    """`value` as a tensor (`tf.convert_to_tensor`): tensors as they are, others as constants.

    Args:
        value: a tensor, variable, NumPy array, Python number, string, or nested list of those.
        dtype: the wanted type; without it, that of the value.
        name: for the op that is created, if one is.
        preferred_dtype: used where the value can take it and `dtype` is None.

    Raises:
        TypeError: no conversion for the value.
        ValueError: a tensor of another type than `dtype`.
    """
    if dtype is not None:
        dtype = as_dtype(dtype)
    if isinstance(value, Tensor):
        if dtype is not None and not dtype.is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype "
                f"{value.dtype.name}: {str(value)!r}"
            )
        return value
    preferred = preferred_dtype if preferred_dtype is not None else dtype_hint
    for _, _, types, function in _conversions:
        if not isinstance(value, types):
            continue
        result: Any = NotImplemented
        if dtype is None and preferred is not None:
            try:
                result = function(value, dtype=as_dtype(preferred), name=name, as_ref=as_ref)
            except (TypeError, ValueError):
                result = NotImplemented
        if result is NotImplemented:
            result = function(value, dtype=dtype, name=name, as_ref=as_ref)
        if result is not NotImplemented:
            if not isinstance(result, Tensor):
                raise TypeError(
                    f"The conversion of {type(value).__name__} returned {result!r}, not a Tensor."
                )
            if dtype is not None and not dtype.is_compatible_with(result.dtype):
                raise TypeError(
                    f"Cannot convert {value!r} to a tensor of type {dtype.name}: it has type {result.dtype.name}."
                )
            return result
    if (dtype is not None or preferred is not None) and not _is_plain(value):
        raise TypeError(f"Cannot convert {value!r} of type {type(value).__name__} to a Tensor.")
    if dtype is None and preferred is not None:
        try:
            return constant(value, preferred, name=name or "Const")
        except (TypeError, ValueError):
            pass
    return constant(value, dtype, name=name or "Const")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(
        value,
        (bool, int, float, complex, str, bytes, np.ndarray, np.generic, list, tuple, TensorShape, Dimension, range, DType),
    ) or hasattr(value, "__array__")  # fmt: skip


def convert_n_to_tensor(
    values: Iterable[Any], dtype: Any = None, name: str | None = None
) -> list[Tensor]:
    return [
        to_tensor(value, dtype, name=None if name is None else f"{name}_{i}")
        for i, value in enumerate(values)
    ]


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const"
) -> Tensor:
    """A `Const` node holding `value`; see `tf.constant` in ops/array.py."""
    from tf1x.core import opdef

    array = to_array(value, dtype, shape)
    kind = (
        dtypes.string
        if array.dtype == object
        else as_dtype(dtype if dtype is not None else array.dtype)
    )
    node = opdef.get("Const").node(
        (), {"value": array, "dtype": kind.base_dtype}, name, graph=scopes.get_default_graph()
    )
    return node.outputs[0]


def to_array(value: Any, dtype: Any = None, shape: Any = None) -> np.ndarray[Any, Any]:
    """The NumPy array that a constant of `value` holds.

    Python floats become float32 and ints int32 (int64 where they do not fit); NumPy arrays keep
    their type. A scalar, or fewer values than `shape` wants, repeats the last value.

    Raises:
        TypeError: the value is not of the wanted type.
        ValueError: None, ragged lists, or more values than `shape` holds.
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    array = _plain_array(value, wanted)
    if shape is None:
        return array
    dims = tuple(int(d) for d in (TensorShape(shape).as_list()))  # type: ignore[arg-type]
    if array.shape == dims:
        return array
    if array.ndim == 0:
        return np.full(dims, array, array.dtype)
    size = int(np.prod(dims, dtype=np.int64))
    if array.size > size:
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
        )
    flat = array.reshape(-1)
    if flat.size < size:
        if flat.size == 0:
            raise ValueError(f"Cannot fill shape {dims} from no values.")
        flat = np.concatenate([flat, np.full(size - flat.size, flat[-1], flat.dtype)])
    return flat.reshape(dims)


def _plain_array(value: Any, wanted: DType | None) -> np.ndarray[Any, Any]:
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, (TensorShape, Dimension)):
        value = _dims_as_ints(value)
    if isinstance(value, (np.ndarray, np.generic)) or (
        hasattr(value, "__array__") and not isinstance(value, (list, tuple))
    ):
        array = np.asarray(value)
        if array.dtype.kind in "SUO":
            return _string_array(array, wanted)
        as_dtype(array.dtype)
        return array if wanted is None else array.astype(wanted.as_numpy_dtype)
    if isinstance(value, DType):
        value = value.as_datatype_enum
    return _python_array(value, wanted)


def _python_array(value: Any, wanted: DType | None) -> np.ndarray[Any, Any]:
    leaf = _first_mismatch(value, wanted)
    if leaf is not None:
        assert wanted is not None
        raise TypeError(
            f"Expected {wanted.name}, got {leaf[0]!r} of type '{type(leaf[0]).__name__}' instead."
        )
    try:
        array = np.array(_plain_leaves(value))
    except ValueError as error:
        raise ValueError(
            f"Can't convert non-rectangular Python sequence to Tensor: {value!r}"
        ) from error
    if array.dtype.kind in "SUO":
        # NumPy's own string types lose zero bytes at the end.
        leaves = np.array(_plain_leaves(value), object)
        return _string_array(leaves, wanted, value)
    if wanted is not None:
        if wanted.is_integer and array.size and array.dtype.kind in "iu":
            low, high = wanted.min, wanted.max
            if array.min() < low or array.max() > high:
                raise ValueError(f"{value!r} does not fit in {wanted.name} ({low} to {high}).")
        return array.astype(wanted.as_numpy_dtype)
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _plain_leaves(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain_leaves(item) for item in value]
    if isinstance(value, (Dimension, TensorShape)):
        return _dims_as_ints(value)
    if isinstance(value, DType):
        return value.as_datatype_enum
    return value


def _dims_as_ints(value: Dimension | TensorShape) -> Any:
    """A shape as an int32 vector (int64 where it does not fit), a dimension as a number."""
    if isinstance(value, Dimension):
        if value.value is None:
            raise ValueError("Cannot convert an unknown Dimension to a Tensor: ?")
        return value.value
    if not value.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {value}")
    array = np.array(value.as_list(), np.int64)
    return array.astype(np.int32) if array.size == 0 or array.max() < 2**31 else array


def _string_array(array: Any, wanted: DType | None, value: Any = None) -> np.ndarray[Any, Any]:
    """Bytes in an object array, as TensorFlow keeps strings."""
    flat = []
    for item in array.reshape(-1).tolist():
        if isinstance(item, str):
            flat.append(item.encode())
        elif isinstance(item, (bytes, np.bytes_)):
            flat.append(bytes(item))
        else:
            raise TypeError(
                f"Failed to convert {value if value is not None else array!r} to a Tensor: "
                f"element {item!r} has type {type(item).__name__}."
            )
    if wanted is not None and wanted is not dtypes.string:
        raise TypeError(f"Expected {wanted.name}, got a string instead: {flat[:1]}")
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(array.shape)


def _first_mismatch(value: Any, wanted: DType | None) -> tuple[Any] | None:
    """The first Python leaf that cannot stand for a value of type `wanted`."""
    if wanted is None:
        return None
    if isinstance(value, (list, tuple)):
        for item in value:
            found = _first_mismatch(item, wanted)
            if found is not None:
                return found
        return None
    if isinstance(value, (np.generic, np.ndarray, Dimension, TensorShape, DType)):
        return None
    if value is None:
        return (value,)
    if wanted.is_bool:
        ok = isinstance(value, bool)
    elif wanted.is_integer or wanted.is_quantized:
        ok = isinstance(value, int) or hasattr(value, "__index__")
        ok = ok and not isinstance(value, bool)
    elif wanted.is_floating:
        ok = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif wanted.is_complex:
        ok = isinstance(value, (int, float, complex)) and not isinstance(value, bool)
    elif wanted is dtypes.string:
        ok = isinstance(value, (str, bytes))
    else:
        ok = True
    return None if ok else (value,)


def _pack_sequence(
    value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Any:
    """A list that holds tensors becomes one `Pack` node, as TensorFlow's auto-packing."""
    if not _holds_tensor(value):
        return NotImplemented
    found = _first_tensor_dtype(value)
    if dtype is not None and dtype.base_dtype is not found:
        value = _cast_tensors(value, dtype.base_dtype)
    return _auto_pack(value, dtype or found, name or "packed")


def _cast_tensors(value: Any, dtype: DType) -> Any:
    """The nested list with its tensors as `dtype`, by `Cast` nodes."""
    from tf1x.core import opdef

    if isinstance(value, (list, tuple)):
        return [_cast_tensors(item, dtype) for item in value]
    if _is_tensor_like(value) and value.dtype.base_dtype is not dtype:
        return opdef.get("Cast").endpoint(value, DstT=dtype)
    return value


def _auto_pack(items: Any, dtype: Any, name: str) -> Any:
    """A `Pack` of the items, lists among them packed likewise; a list without tensors as it is."""
    from tf1x.core import opdef

    graph = scopes.graph_of(_leaves(items))
    with graph.as_default(), graph.name_scope(name) as scope:
        parts = [
            _auto_pack(item, dtype, str(i)) if isinstance(item, (list, tuple)) else item
            for i, item in enumerate(items)
        ]
        if not any(_is_tensor_like(part) for part in parts):
            return items
        tensors = [
            to_tensor(part, None if isinstance(part, Tensor) else dtype, name=str(i))
            for i, part in enumerate(parts)
        ]
        return opdef.get("Pack").endpoint(tensors, axis=0, name=scope)


def _leaves(value: Any) -> Iterable[Any]:
    for item in value:
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item


def _is_tensor_like(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "_as_graph_element")


def _holds_tensor(value: Any) -> bool:
    return any(_is_tensor_like(item) for item in _leaves(value))


def _first_tensor_dtype(value: Any) -> DType:
    dtype: DType = next(item.dtype for item in _leaves(value) if _is_tensor_like(item))
    return dtype.base_dtype


register_tensor_conversion_function((list, tuple), _pack_sequence, 99)
