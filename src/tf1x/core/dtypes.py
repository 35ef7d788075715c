"""TensorFlow's data types (`tf.DType`), over NumPy's and ml_dtypes'."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

_REF_OFFSET = 100  # types.proto: DT_FLOAT_REF = DT_FLOAT + 100


class DType:
    """The type of a tensor's elements (`tf.DType`).

    `tf.float32_ref` and its kin are the types of reference variables; `base_dtype` gives the plain
    one. Instances are singletons: compare them with `==` or with anything `as_dtype` accepts.

    Example:
        >>> tf.float32.as_numpy_dtype, tf.float32.size, tf.as_dtype("int64")
        (<class 'numpy.float32'>, 4, tf.int64)
    """

    __slots__ = ("_base", "as_datatype_enum", "name", "numpy_dtype")

    def __init__(self, name: str, enum: int, numpy_dtype: Any, base: DType | None = None) -> None:
        self.name = name
        self.as_datatype_enum = enum
        self.numpy_dtype: np.dtype[Any] = np.dtype(numpy_dtype)
        self._base = base

    @property
    def as_numpy_dtype(self) -> type[Any]:
        """The NumPy scalar type, e.g. `np.float32` (`object` for strings)."""
        return self.numpy_dtype.type

    @property
    def base_dtype(self) -> DType:
        return self._base or self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: `float32` for `complex64`."""
        base = self.base_dtype
        return {"complex64": float32, "complex128": float64}.get(base.name, base)

    @property
    def _is_ref_dtype(self) -> bool:
        return self._base is not None

    @property
    def _as_ref(self) -> DType:
        return self if self._is_ref_dtype else _REFS[self.name]

    @property
    def is_bool(self) -> bool:
        return self.base_dtype is bool_

    @property
    def is_integer(self) -> bool:
        """Whether the type is a (non-quantized) integer type; `bool` is not one."""
        return not self.is_quantized and self.numpy_dtype.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        return self.is_integer and self.numpy_dtype.kind == "u"

    @property
    def is_floating(self) -> bool:
        return self.numpy_dtype.kind == "f" or self.base_dtype is bfloat16

    @property
    def is_complex(self) -> bool:
        return self.numpy_dtype.kind == "c"

    @property
    def is_quantized(self) -> bool:
        return self.base_dtype.name.startswith(("qint", "quint"))

    @property
    def is_numpy_compatible(self) -> bool:
        return self.base_dtype not in (resource, variant)

    @property
    def size(self) -> int:
        """Bytes per element."""
        return 1 if self.numpy_dtype.hasobject else self.numpy_dtype.itemsize

    @property
    def min(self) -> Any:
        """Smallest finite value.

        Raises:
            TypeError: for types without an order (strings, complex, resources).
        """
        return self._limits().min

    @property
    def max(self) -> Any:
        """Largest finite value; raises as `min` does."""
        return self._limits().max

    @property
    def limits(self) -> tuple[Any, Any]:
        """(smallest, largest), non-negative as `tf.DType.limits` gives for images: floats (0, 1)."""
        if self.is_floating:
            return 0.0, 1.0
        return (0 if self.is_integer else self.min), self.max

    def _limits(self) -> Any:
        if self.is_bool:
            return _BoolLimits
        if self.is_floating:
            return ml_dtypes.finfo(self.numpy_dtype)  # type: ignore[no-untyped-call]
        if self.is_integer or self.is_quantized:
            return np.iinfo(self.numpy_dtype)
        raise TypeError(f"Cannot find minimum or maximum value of {self!r}.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value of type `other` can be used where this type is wanted."""
        other = as_dtype(other)
        return self.as_datatype_enum in (
            other.as_datatype_enum,
            other.base_dtype.as_datatype_enum,
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        return self.as_datatype_enum

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __int__(self) -> int:
        return self.as_datatype_enum

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


class _BoolLimits:
    min = False
    max = True


def _make(name: str, enum: int, numpy_dtype: Any) -> DType:
    dtype = DType(name, enum, numpy_dtype)
    ref = DType(name + "_ref", enum + _REF_OFFSET, numpy_dtype, dtype)
    _REFS[name] = ref
    for item in (dtype, ref):
        _BY_NAME[item.name] = item
        _BY_ENUM[item.as_datatype_enum] = item
    return dtype


_REFS: dict[str, DType] = {}
_BY_NAME: dict[str, DType] = {}
_BY_ENUM: dict[int, DType] = {}

# Numbers as in TensorFlow's types.proto.
float32 = _make("float32", 1, np.float32)
float64 = _make("float64", 2, np.float64)
int32 = _make("int32", 3, np.int32)
uint8 = _make("uint8", 4, np.uint8)
int16 = _make("int16", 5, np.int16)
int8 = _make("int8", 6, np.int8)
string = _make("string", 7, np.object_)
complex64 = _make("complex64", 8, np.complex64)
int64 = _make("int64", 9, np.int64)
bool_ = _make("bool", 10, np.bool_)
qint8 = _make("qint8", 11, np.int8)
quint8 = _make("quint8", 12, np.uint8)
qint32 = _make("qint32", 13, np.int32)
bfloat16 = _make("bfloat16", 14, ml_dtypes.bfloat16)
qint16 = _make("qint16", 15, np.int16)
quint16 = _make("quint16", 16, np.uint16)
uint16 = _make("uint16", 17, np.uint16)
complex128 = _make("complex128", 18, np.complex128)
float16 = _make("float16", 19, np.float16)
resource = _make("resource", 20, np.object_)
variant = _make("variant", 21, np.object_)
uint32 = _make("uint32", 22, np.uint32)
uint64 = _make("uint64", 23, np.uint64)

_BY_NAME.update({"half": float16, "float": float32, "double": float64, "half_ref": float16._as_ref})

_BY_NUMPY: dict[np.dtype[Any], DType] = {
    dtype.numpy_dtype: dtype
    for dtype in (float16, float32, float64, bfloat16, int8, int16, int32, int64)
    + (uint8, uint16, uint32, uint64, bool_, complex64, complex128)
}
_BY_PYTHON: dict[Any, DType] = {
    float: float32,
    int: int32,
    bool: bool_,
    complex: complex128,
    str: string,
    bytes: string,
    object: string,
}

FLOATS = (float16, bfloat16, float32, float64)
COMPLEX = (complex64, complex128)
INTS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
SIGNED_INTS = (int8, int16, int32, int64)
REALS = FLOATS + INTS
NUMBERS = REALS + COMPLEX
INDICES = (int32, int64)


def as_dtype(value: Any) -> DType:
    """The `DType` that `value` names: a DType, its name, its number, a NumPy or a Python type.

    Raises:
        TypeError: nothing in TensorFlow corresponds to `value`.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value in _BY_NAME:
        return _BY_NAME[value]
    if isinstance(value, int) and not isinstance(value, bool) and value in _BY_ENUM:
        return _BY_ENUM[value]
    try:
        if value in _BY_PYTHON:
            return _BY_PYTHON[value]
    except TypeError:  # unhashable
        pass
    try:
        numpy_dtype = np.dtype(value)
    except TypeError:
        numpy_dtype = np.dtype(getattr(value, "dtype", np.void))
    if numpy_dtype in _BY_NUMPY:
        return _BY_NUMPY[numpy_dtype]
    if numpy_dtype.kind in "SUO":
        return string
    raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.")
