"""Columns of `Example` messages as arrays: dense, padded, sparse and ragged.

A column is one feature of a batch: for each message the list of its values, or None where the
message lacks it.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, float32, int64, string
from tf1x.core.errors import InvalidArgumentError

VALUE_TYPES = (float32, int64, string)

Values = Sequence[Any]
Column = list[Values | None]

_FIELDS = {int64: "int64_list", float32: "float_list", string: "bytes_list"}
_TYPE_NAMES = {
    "int64_list": "int64",
    "float_list": "float",
    "bytes_list": "string",
    None: "nothing",
}


def fail(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def type_name(dtype: DType) -> str:
    return _TYPE_NAMES[_FIELDS[dtype]]


def dims_text(shape: Iterable[int | None]) -> str:
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def texts(keys: Any) -> list[str]:
    """The keys in a tensor or list of bytes."""
    flat = keys.tolist() if isinstance(keys, np.ndarray) else [np.asarray(k).item() for k in keys]
    return [key.decode("utf-8", "replace") for key in flat]


def messages(serialized: Any, message: Any) -> list[Any]:
    """Strings as messages.

    Raises:
        InvalidArgumentError: one is not a message of that kind.
    """
    from google.protobuf.message import DecodeError

    found, parse = [], message.FromString
    for data in serialized:
        try:
            found.append(parse(data))
        except DecodeError as error:
            shown = data[:200].decode("utf-8", "replace")
            raise fail(f"Could not parse example input, value: '{shown}'") from error
    return found


class Place:
    """Says in errors which feature of which message is meant."""

    def __init__(self, key: str, names: Any, single: bool = False) -> None:
        self.key = key
        self._names = names
        self._single = single

    def name(self, index: int) -> str:
        """The name that the program gave to a message."""
        if np.size(self._names):
            return str(np.ravel(self._names)[index].decode("utf-8", "replace"))
        return "<unknown>"

    def __call__(self, index: int) -> str:
        if self._single:
            return f"Key: {self.key}. "
        return f"Name: {self.name(index)}, Key: {self.key}, Index: {index}. "

    def missing(self, index: int, dtype: DType) -> InvalidArgumentError:
        where = "" if self._single else f"Name: {self.name(index)}, "
        return fail(
            f"{where}Feature: {self.key} (data type: {type_name(dtype)}) is required but could "
            "not be found."
        )


def column(
    maps: Iterable[Any], key: str, dtype: DType, wrong: Callable[[int, str], Exception]
) -> Column:
    """The values of one feature.

    Args:
        maps: for each message its map from keys to `Feature`.
        wrong: makes the error for a feature of another type, from the message's index and the
            type found.
    """
    field = _FIELDS[dtype]
    values_of = operator.attrgetter(f"{field}.value")
    found: Column = []
    for i, features in enumerate(maps):
        feature = features.get(key)
        if feature is None:
            found.append(None)
            continue
        values = values_of(feature)
        if not values:  # which kind it is need not be asked where there are values
            kind = feature.WhichOneof("kind")
            if kind is None:
                values = None
            elif kind != field:
                raise wrong(i, _TYPE_NAMES[kind])
        found.append(values)
    return found


def array_of(values: list[Any], dtype: DType) -> np.ndarray[Any, Any]:
    """A vector."""
    if dtype is not string:
        return np.array(values, dtype.numpy_dtype)
    made = np.empty(len(values), object)
    made[:] = values
    return made


def filled(shape: tuple[int, ...], value: Any, dtype: DType) -> np.ndarray[Any, Any]:
    made = np.empty(shape, dtype.numpy_dtype)
    made[...] = value
    return made


def zero(dtype: DType) -> Any:
    return b"" if dtype is string else 0


def dense(
    found: Column, dtype: DType, shape: tuple[int, ...], default: Any, place: Place
) -> np.ndarray[Any, Any]:
    """[messages, *shape]; `default` (if it is not empty) where a message lacks the feature."""
    size = int(np.prod(shape, dtype=np.int64))
    default = np.asarray(default)
    if default.size not in (0, size):
        raise fail(
            f"dense_defaults of {place.key}: shape {dims_text(default.shape)} != {dims_text(shape)}"
        )
    if all(values is not None and len(values) == size for values in found):
        every = itertools.chain.from_iterable(found)  # type: ignore[arg-type]
        return array_of(list(every), dtype).reshape(len(found), *shape)
    standard = default.ravel().tolist()
    flat: list[Any] = []
    for i, values in enumerate(found):
        if values is None:
            if not standard:
                raise place.missing(i, dtype)
            flat.extend(standard)
        elif len(values) == size:
            flat.extend(values)
        else:
            raise fail(
                f"{place(i)} Number of {type_name(dtype)} values != expected.  Values size: "
                f"{len(values)} but output shape: {dims_text(shape)}"
            )
    return array_of(flat, dtype).reshape(len(found), *shape)


def padded(
    found: Column, dtype: DType, shape: tuple[int, ...], default: Any, place: Place
) -> np.ndarray[Any, Any]:
    """[messages, most blocks of any, *shape]; shorter ones are filled with `default`."""
    stride = int(np.prod(shape, dtype=np.int64))
    lists = [() if values is None else values for values in found]
    for i, values in enumerate(lists):
        if len(values) % stride if stride else len(values):
            raise fail(
                f"{place(i)} Number of {type_name(dtype)} values is not a multiple of stride "
                f"length. Saw {len(values)} values but output shape is: {dims_text((None, *shape))}"
            )
    most = max(map(len, lists), default=0)
    made = filled((len(found), most), np.asarray(default).item(), dtype)
    for row, values in zip(made, lists, strict=True):
        if len(values):
            row[: len(values)] = array_of(list(values), dtype)
    return made.reshape(len(found), most // stride if stride else 0, *shape)


def _places(lengths: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """For lists of some lengths laid end to end, each element's list and its index in it."""
    owners = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return owners, np.arange(owners.size) - np.repeat(starts, lengths)


def flat_and_lengths(found: Column, dtype: DType) -> tuple[Any, np.ndarray[Any, Any]]:
    """All values, and how many each message has."""
    flat: list[Any] = []
    lengths = np.zeros(len(found), np.int64)
    for i, values in enumerate(found):
        if values is not None:
            flat.extend(values)
            lengths[i] = len(values)
    return array_of(flat, dtype), lengths


def sparse(found: Column, dtype: DType, single: bool) -> tuple[Any, Any, Any]:
    """Indices, values and shape of a sparse matrix [messages, most values]; a vector for one."""
    values, lengths = flat_and_lengths(found, dtype)
    owners, inner = _places(lengths)
    most = int(lengths.max(initial=0))
    if single:
        return inner[:, None], values, np.array([most], np.int64)
    return np.stack([owners, inner], 1), values, np.array([len(found), most], np.int64)


def splits(lengths: np.ndarray[Any, Any], dtype: DType) -> np.ndarray[Any, Any]:
    """Where each of several lists laid end to end begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(dtype.numpy_dtype)


def sparse_frames(
    lists: list[list[Values | None]], dtype: DType, single: bool
) -> tuple[Any, Any, Any]:
    """Indices, values and shape of a sparse [messages, most frames, most values]."""
    counts = np.array([len(frames) for frames in lists], np.int64)
    values, lengths = flat_and_lengths([v for frames in lists for v in frames], dtype)
    frame, inner = _places(lengths)
    owners, times = _places(counts)
    indices = np.stack([owners[frame], times[frame], inner], 1)
    sizes = [len(lists), int(counts.max(initial=0)), int(lengths.max(initial=0))]
    shape = np.array(sizes, np.int64)
    return (indices[:, 1:], values, shape[1:]) if single else (indices, values, shape)
