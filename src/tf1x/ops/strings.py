"""Strings taken apart, joined and changed. A string is bytes; arrays of them are object arrays."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core.dtypes import INDICES, as_dtype
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.ops.shape_rules import broadcast, dims, merge_dim, reduced_dims, unchanged, with_rank


def invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def string_array(values: Iterable[bytes], shape: Any) -> np.ndarray:
    """Strings as an array of a shape."""
    items = list(values)
    result = np.empty(len(items), object)
    result[:] = items
    return result.reshape(shape)


def flat(array: Any) -> list[Any]:
    """The elements in order."""
    found: list[Any] = np.asarray(array).reshape(-1).tolist()
    return found


def each(function: Callable[[bytes], bytes], array: Any) -> np.ndarray:
    """`function` of every string."""
    return string_array(map(function, flat(array)), np.shape(array))


def _each_op(name: str, function: Callable[..., Callable[[bytes], bytes]], doc: str) -> Any:
    """Declare an op with strings in place of strings; `function(encoding)` says which."""

    def lower(input: Any, *, encoding: str = "") -> Any:
        return each(function(encoding), input)

    lower.__doc__ = doc
    return op("input: string -> output: string", type=name, shape=unchanged, grad=None, host=True)(
        lower
    )


def _cased(encoding: str, of_bytes: Any, of_text: Any) -> Callable[[bytes], bytes]:
    if encoding not in ("", "utf-8"):
        raise invalid(f"only utf-8 or '' (no encoding) is supported, received {encoding}")
    if not encoding:
        return of_bytes  # type: ignore[no-any-return]
    return lambda s: of_text(s.decode("utf-8", "replace")).encode()


StringLower = _each_op(
    "StringLower",
    lambda encoding: _cased(encoding, bytes.lower, str.lower),
    'Lower case: of ASCII letters, or of all with encoding="utf-8".',
)
StringUpper = _each_op(
    "StringUpper",
    lambda encoding: _cased(encoding, bytes.upper, str.upper),
    'Upper case: of ASCII letters, or of all with encoding="utf-8".',
)


@op("input: string -> output: string", shape=unchanged, grad=None, host=True)
def StringStrip(input: Any) -> Any:
    """Without white space at both ends."""
    return each(bytes.strip, input)


def _is_start(byte: int) -> bool:
    return byte & 0xC0 != 0x80


def _length(unit: str) -> Callable[[bytes], int]:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise invalid(f"unit must be one of: BYTE, UTF8_CHAR. Got: {unit}")
    return len if unit == "BYTE" else lambda s: sum(map(_is_start, s))


@op("input: string -> output: int32", shape=unchanged, grad=None, host=True)
def StringLength(input: Any, *, unit: str = "BYTE") -> Any:
    """The number of bytes, or of characters with unit="UTF8_CHAR"."""
    return np.array(list(map(_length(unit), flat(input))), np.int32).reshape(np.shape(input))


@op("input: string -> output: string", shape=unchanged, grad=None, host=True)
def EncodeBase64(input: Any, *, pad: bool = False) -> Any:
    """Strings as base64 in the web-safe alphabet, with = at the end if `pad`."""

    def encode(s: bytes) -> bytes:
        code = base64.urlsafe_b64encode(s)
        return code if pad else code.rstrip(b"=")

    return each(encode, input)


@op("input: string -> output: string", shape=unchanged, grad=None, host=True)
def DecodeBase64(input: Any) -> Any:
    """What `EncodeBase64` encoded; the padding may be missing."""

    def decode(s: bytes) -> bytes:
        code = s.rstrip(b"=") if len(s) % 4 == 0 else s
        try:
            return base64.b64decode(code + b"=" * (-len(code) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid("Invalid character found in base64.") from error

    return each(decode, input)


# -- parts ---------------------------------------------------------------------------------------


def _part(s: bytes, position: int, length: int, by_char: bool) -> bytes | None:
    """`length` bytes or characters from `position` on; None where that is out of range."""
    if not by_char:
        if not -len(s) <= position <= len(s):
            return None
        start = position if position >= 0 else len(s) + position
        return s[start : start + max(length, 0)]
    starts = [i for i, byte in enumerate(s) if _is_start(byte)] + [len(s)]
    count = len(starts) - 1
    if not -count <= position <= count:
        return None
    first = position if position >= 0 else count + position
    return s[starts[first] : starts[min(first + max(length, 0), count)]]


@op(
    "input: string, pos: T, len: T -> output: string",
    T=INDICES,
    shape=broadcast,
    grad=None,
    host=True,
)
def Substr(input: Any, pos: Any, len: Any, *, unit: str = "BYTE") -> Any:
    """Of each string `len` bytes (or characters) from `pos` on; a negative `pos` counts from the end.

    Raises:
        InvalidArgumentError: `pos` lies beyond the string.
    """
    _length(unit)
    strings, positions, lengths = np.broadcast_arrays(np.asarray(input, object), pos, len)
    parts = []
    for i, (s, p, n) in enumerate(zip(*map(flat, (strings, positions, lengths)), strict=True)):
        part = _part(s, p, n, unit == "UTF8_CHAR")
        if part is None:
            raise invalid(f"pos {p} out of range for string b'{s!r}' at index {i}")
        parts.append(part)
    return string_array(parts, strings.shape)


def _sparse(rows: list[list[bytes]]) -> Any:
    """Rows of different lengths as a sparse matrix: indices, values, shape."""
    indices = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = [s for row in rows for s in row]
    shape = np.array([len(rows), max(map(len, rows), default=0)], np.int64)
    return (
        np.array(indices, np.int64).reshape(-1, 2),
        string_array(values, (len(values),)),
        shape,
    )


def _split_shapes(op: Operation) -> Any:
    with_rank(dims(op), 1)
    return [(None, 2), (None,), (2,)]


_SPLIT = "-> indices: int64, values: string, shape: int64"


@op(
    f"input: string, delimiter: string {_SPLIT}",
    shape=_split_shapes,
    grad=None,
    host=True,
)
def StringSplit(input: Any, delimiter: Any, *, skip_empty: bool = True) -> Any:
    """The parts of each string of a vector as a sparse matrix.

    Args:
        delimiter: every byte of it separates; an empty one splits into bytes.
        skip_empty: leave out empty parts.
    """
    marks = np.asarray(delimiter).item()

    def parts(s: bytes) -> list[bytes]:
        if not marks:
            return [s[i : i + 1] for i in range(len(s))]
        for mark in marks[1:]:
            s = s.replace(bytes([mark]), marks[:1])
        found = s.split(marks[:1]) if s else []
        return [part for part in found if part] if skip_empty else found

    return _sparse([parts(s) for s in flat(input)])


@op(f"input: string, sep: string {_SPLIT}", shape=_split_shapes, grad=None, host=True)
def StringSplitV2(input: Any, sep: Any, *, maxsplit: int = -1) -> Any:
    """The parts of each string of a vector as a sparse matrix, split as Python's `split` does.

    Args:
        sep: what separates; an empty one stands for runs of white space.
        maxsplit: split at most so often (-1: everywhere).
    """
    mark, most = np.asarray(sep).item(), max(maxsplit, -1)

    def parts(s: bytes) -> list[bytes]:
        found = s.split(mark or None, most) if most else [s]
        # Unlike Python, TensorFlow gives what is left after the last split even if it is empty.
        return [*found, b""] if not mark and len(found) == most else found

    return _sparse([parts(s) for s in flat(input)])


# -- joined --------------------------------------------------------------------------------------


def _joined_shape(op: Operation) -> Any:
    shapes = [t.shape.tuple for t in op.inputs]
    found: Any = ()
    for shape in shapes:
        if shape is None:
            return [None]
        if shape and found and len(found) != len(shape):
            raise ValueError(f"Shapes must be equal rank, but are {len(found)} and {len(shape)}")
        if shape:
            found = tuple(map(merge_dim, found, shape)) if found else shape
    return [found]


@op("inputs: N*string -> output: string", shape=_joined_shape, grad=None, host=True)
def StringJoin(inputs: list[Any], *, separator: str = "") -> Any:
    """Strings joined element by element; scalars stand for all elements."""
    shapes = {np.shape(x) for x in inputs} - {()}
    if len(shapes) > 1:
        raise ValueError(
            f"Input shapes do not match: {' vs. '.join(str(list(s)) for s in sorted(shapes))}"
        )
    shape = next(iter(shapes), ())
    columns = [flat(np.broadcast_to(np.asarray(x, object), shape)) for x in inputs]
    return string_array(map(separator.encode().join, zip(*columns, strict=True)), shape)


def _reduced_shape(op: Operation) -> Any:
    return [reduced_dims(dims(op), constant_value(op.inputs[1]), op.attrs["keep_dims"])]


@op(
    "inputs: string, reduction_indices: int32 -> output: string",
    shape=_reduced_shape,
    grad=None,
    host=True,
)
def ReduceJoin(
    inputs: Any, reduction_indices: Any, *, keep_dims: bool = False, separator: str = ""
) -> Any:
    """Strings joined over dimensions, first over the one that is given first."""
    array = np.asarray(inputs, object)
    axes = []
    for axis in flat(reduction_indices):
        if not -array.ndim <= axis < array.ndim:
            raise invalid(
                f"Invalid reduction dimension {axis} for input with {array.ndim} dimension(s)"
            )
        axes.append(axis % array.ndim)
    if len(set(axes)) < len(axes):
        raise invalid(f"Duplicate reduction dimension {axes}")
    kept = [i for i in range(array.ndim) if i not in axes]
    if not axes:
        return array
    rows = array.transpose(kept + axes[::-1]).reshape(
        int(np.prod([array.shape[i] for i in kept])), -1
    )
    shape = [1 if i in axes else n for i, n in enumerate(array.shape) if keep_dims or i in kept]
    return string_array((separator.encode().join(row) for row in rows.tolist()), shape)


def _segment_shape(op: Operation) -> Any:
    shape, ids = dims(op), dims(op, 1)
    count = constant_value(op.inputs[2])
    if shape is None or ids is None:
        return [None]
    return [(None if count is None else int(count), *shape[len(ids) :])]


@op(
    "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments -> output: string",
    Tindices=INDICES,
    Tnumsegments=(INDICES, as_dtype("int32")),
    shape=_segment_shape,
    grad=None,
    host=True,
)
def UnsortedSegmentJoin(
    inputs: Any, segment_ids: Any, num_segments: Any, *, separator: str = ""
) -> Any:
    """The strings with the same segment id joined, in order; negative ids are left out."""
    array, ids = np.asarray(inputs, object), np.asarray(segment_ids)
    count = int(num_segments)
    if ids.shape != array.shape[: ids.ndim]:
        raise invalid(
            f"Segment_id shape {list(ids.shape)} is not a prefix of the inputs' {list(array.shape)}"
        )
    if ids.size and ids.max() >= count:
        raise invalid(f"segment_ids must be less than num_segments {count}, got {ids.max()}")
    inner = array.shape[ids.ndim :]
    rows = array.reshape(ids.size, -1)
    parts: list[list[list[bytes]]] = [[[] for _ in range(rows.shape[1])] for _ in range(count)]
    for segment, row in zip(flat(ids), rows.tolist(), strict=True):
        if segment >= 0:
            for part, s in zip(parts[segment], row, strict=True):
                part.append(s)
    joined = (separator.encode().join(part) for segment in parts for part in segment)
    return string_array(joined, (count, *inner))
