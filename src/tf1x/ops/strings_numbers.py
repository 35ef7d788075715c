"""Strings and numbers: `StringToNumber`, `AsString`; strings in other encodings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, as_dtype, float32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import unchanged
from tf1x.ops.strings import each, flat, invalid, string_array

_PARSED = tuple(map(as_dtype, ("float32", "float64", "int32", "int64", "uint32", "uint64")))
_FLOAT = re.compile(
    rb"\s*([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))\s*",
    re.IGNORECASE,
)
_HEX = re.compile(rb"\s*([+-]?0x[0-9a-f]+)\s*", re.IGNORECASE)
_INT = re.compile(rb"\s*([+-]?\d+)\s*")


def number(s: bytes, dtype: Any) -> Any:
    """A string as a number of a NumPy type, as TensorFlow parses it; None where it is none."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        match = _INT.fullmatch(s)
        if not match:
            return None
        value, limits = int(match[1]), np.iinfo(kind)
        return kind.type(value) if limits.min <= value <= limits.max else None
    match = _FLOAT.fullmatch(s)
    if match:
        with np.errstate(over="ignore"):
            return kind.type(float(match[1]))
    match = _HEX.fullmatch(s)
    return kind.type(int(match[1], 16)) if match else None


@op(
    "string_tensor: string -> output: out_type",
    out_type=(_PARSED, float32),
    shape=unchanged,
    grad=None,
    host=True,
)
def StringToNumber(string_tensor: Any, *, out_type: DType) -> Any:
    """Strings as numbers; white space around them is ignored.

    Raises:
        InvalidArgumentError: a string is no number, or out of an integer type's range.
    """
    kind = out_type.as_numpy_dtype
    values = []
    for s in flat(string_tensor):
        value = number(s, kind)
        if value is None:
            text = s.decode("utf-8", "replace")
            raise invalid(f"StringToNumberOp could not correctly convert string: {text}")
        values.append(value)
    return np.array(values, kind).reshape(np.shape(string_tensor))


_SHOWN = tuple(
    map(
        as_dtype,
        ["float32", "float64", "int32", "uint8", "int16", "int8", "int64", "bfloat16", "uint16"]
        + ["float16", "uint32", "uint64", "complex64", "complex128", "bool", "string"],
    )
)


def _formatter(
    dtype: DType, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> Callable[[Any], str]:
    fractional = dtype.is_floating or dtype.is_complex
    if (scientific or shortest) and not fractional:
        raise invalid(f"scientific and shortest format not supported for datatype {dtype.name}")
    if precision >= 0 and not fractional:
        raise invalid(f"precision not supported for datatype {dtype.name}")
    if len(fill) > 1:
        raise invalid("Fill string must be one or fewer characters")
    if fill not in ("", " ", "0", "+", "-"):
        raise invalid(f'Fill argument not supported: "{fill}"')
    if scientific and shortest:
        raise invalid("Cannot select both scientific and shortest notation")
    form = "%"
    if width > -1:
        form += f"{fill}{width}"
    if precision > -1:
        form += f".{precision}"
    if not fractional:
        return (form + "d").__mod__
    form += "g" if shortest else "e" if scientific else "f"
    if dtype.is_complex:
        return lambda z: f"({form % z.real},{form % z.imag})"
    return lambda x: _signed(form, x)


def _signed(form: str, x: float) -> str:
    """As C prints it: no zeros before infinity, and a NaN keeps its sign."""
    text = (form if np.isfinite(x) else form.replace("%0", "%")) % x
    return text.replace("nan", "-nan") if x != x and np.signbit(x) else text


@op("input: T -> output: string", T=_SHOWN, shape=unchanged, grad=None, host=True)
def AsString(
    input: Any,
    *,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    op: Operation,
) -> Any:
    """Numbers as strings, as C's printf writes them.

    Args:
        precision: digits behind the point (6).
        scientific, shortest: use %e or %g in place of %f.
        width, fill: the least width, and the flag of printf for it: "0", " ", "+" or "-".
    """
    dtype = op.inputs[0].dtype.base_dtype
    if dtype.name == "string":
        return np.asarray(input, object)
    if dtype.is_bool:
        return string_array((b"true" if x else b"false" for x in flat(input)), np.shape(input))
    values = np.asarray(input)
    if dtype.is_floating:
        values = values.astype(np.float64)
    show = _formatter(dtype, precision, scientific, shortest, width, fill)
    return string_array((show(x).encode() for x in flat(values)), np.shape(input))


# -- encodings -----------------------------------------------------------------------------------

_OUTPUTS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}


@op("input: string -> output: string", shape=unchanged, grad=None, host=True)
def UnicodeTranscode(
    input: Any,
    *,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
) -> Any:
    """Strings in another encoding: UTF-8, UTF-16-BE or UTF-32-BE.

    Args:
        errors: "strict", or what becomes of malformed input: "replace", "ignore".
        replacement_char: with what it is replaced.
        replace_control_characters: treat control characters, line feeds too, as malformed.
    """
    if output_encoding not in _OUTPUTS:
        raise invalid(f"Attr output_encoding must be one of {', '.join(_OUTPUTS)}")
    if errors not in ("strict", "replace", "ignore"):
        raise invalid(f"errors must be strict, replace or ignore, got {errors}")
    instead = chr(replacement_char) if errors == "replace" else ""

    def change(s: bytes) -> bytes:
        try:
            text = s.decode(input_encoding, "strict" if errors == "strict" else "tf1x.mark")
        except UnicodeDecodeError as error:
            raise invalid("Invalid formatting on input string") from error
        except LookupError as error:
            raise invalid(
                "Could not create converter for input encoding: " + input_encoding
            ) from error
        text = text.replace(_MARK, instead)
        if replace_control_characters:
            text = re.sub("[\x00-\x1f\x7f-\x9f]", instead, text)
        return text.encode(_OUTPUTS[output_encoding], "surrogatepass")

    return each(change, input)


# A lone surrogate, which no valid input decodes to, marks what is malformed.
_MARK = "\udcff"


def _mark_malformed(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return _MARK, error.end


codecs.register_error("tf1x.mark", _mark_malformed)
