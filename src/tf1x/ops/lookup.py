"""Lookup tables: from keys to values, kept by the session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops.resources import NAMES, Resource, expect, get_or_create
from tf1x.ops.shape_rules import nothing, scalar
from tf1x.ops.strings_numbers import number

_NAMES = {**NAMES, "use_node_name_sharing": ("bool", False)}


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


class Table(Resource):
    """Keys and values.

    Attributes:
        value_shape: the shape of one value.
        key_shape: that of one key (only dense tables have keys that are vectors).
    """

    def __init__(
        self,
        key_dtype: DType,
        value_dtype: DType,
        value_shape: tuple[int, ...] = (),
        key_shape: tuple[int, ...] = (),
    ) -> None:
        self.key_dtype, self.value_dtype = key_dtype, value_dtype
        self.value_shape, self.key_shape = value_shape, key_shape
        self.lock = threading.Lock()
        self.entries: dict[Any, Any] = {}

    # -- between arrays and entries ------------------------------------------------------------

    def _keys(self, keys: Any) -> list[Any]:
        """Keys as hashable Python values."""
        array = np.asarray(keys)
        if not self.key_shape:
            found: list[Any] = array.reshape(-1).tolist()
            return found
        return [tuple(row) for row in array.reshape((-1, *self.key_shape)).tolist()]

    def _batch(self, keys: Any) -> tuple[int, ...]:
        """The shape of the keys, without that of one key."""
        shape = np.shape(keys)
        inner = len(self.key_shape)
        if inner and shape[-inner:] != self.key_shape:
            raise _invalid(f"Expected key shape {list(self.key_shape)}, got {list(shape)}")
        return shape[: len(shape) - inner]

    def _rows(self, values: Any, count: int) -> list[Any]:
        rows = np.asarray(values).reshape((count, *self.value_shape))
        return list(rows) if self.value_shape else rows.tolist()

    def _array(self, rows: list[Any], batch: tuple[int, ...]) -> np.ndarray:
        result = np.empty((len(rows), *self.value_shape), self.value_dtype.as_numpy_dtype)
        if rows:
            result[:] = rows
        return result.reshape((*batch, *self.value_shape))

    def _check_types(self, key: Any, value: Any = None) -> None:
        for wanted, array in ((self.key_dtype, key), (self.value_dtype, value)):
            if array is not None and np.asarray(array).dtype != wanted.numpy_dtype:
                raise _invalid(
                    f"Conflicting key/value dtypes: the table is {self.key_dtype.name}->"
                    f"{self.value_dtype.name}, and was given {np.asarray(array).dtype}."
                )

    # -- what the ops do -----------------------------------------------------------------------

    def find(self, keys: Any, default: Any) -> np.ndarray:
        """The values of `keys`; `default` is one value, or one for each key."""
        self._check_types(keys, default)
        batch, items = self._batch(keys), self._keys(keys)
        default = np.asarray(default)
        with self.lock:
            entries = self.entries
            if default.shape == self.value_shape:
                one = default if self.value_shape else default.item()
                return self._array([entries.get(key, one) for key in items], batch)
            if default.shape != (*batch, *self.value_shape):
                raise _invalid(
                    f"Expected shape {list(self.value_shape)} or {[*batch, *self.value_shape]} "
                    f"for default value, got {list(default.shape)}"
                )
            pairs = zip(items, self._rows(default, len(items)), strict=True)
            return self._array([entries.get(key, own) for key, own in pairs], batch)

    def _pairs(self, keys: Any, values: Any) -> list[tuple[Any, Any]]:
        self._check_types(keys, values)
        batch = self._batch(keys)
        if np.shape(values) != (*batch, *self.value_shape):
            raise _invalid(
                f"Expected shape {[*batch, *self.value_shape]} for value, got {list(np.shape(values))}"
            )
        items = self._keys(keys)
        return list(zip(items, self._rows(values, len(items)), strict=True))

    def insert(self, keys: Any, values: Any) -> None:
        pairs = self._pairs(keys, values)
        with self.lock:
            self.entries.update(pairs)

    def replace(self, keys: Any, values: Any) -> None:
        """Hold these entries and no others."""
        pairs = self._pairs(keys, values)
        with self.lock:
            self.entries = dict(pairs)

    def remove(self, keys: Any) -> None:
        with self.lock:
            for key in self._keys(keys):
                self.entries.pop(key, None)

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        """All keys and values."""
        with self.lock:
            keys, values = list(self.entries), list(self.entries.values())
        array = np.empty((len(keys), *self.key_shape), self.key_dtype.as_numpy_dtype)
        if keys:
            array[:] = keys
        return array, self._array(values, (len(values),))

    def __len__(self) -> int:
        return len(self.entries)


class StaticTable(Table):
    """A table that is filled once, before it is used."""

    ready = False

    def _check_ready(self) -> None:
        if not self.ready:
            raise FailedPreconditionError(None, None, "Table not initialized.")

    def find(self, keys: Any, default: Any) -> np.ndarray:
        if np.ndim(default):
            raise _invalid(f"Default value must be a scalar, got {list(np.shape(default))}")
        self._check_ready()
        return super().find(keys, default)

    def fill(self, pairs: list[tuple[Any, Any]]) -> None:
        """Fill the table; filling it with the same entries again does nothing.

        Raises:
            FailedPreconditionError: it holds others, or a key comes with two values.
        """
        entries: dict[Any, Any] = {}
        for key, value in pairs:
            if entries.setdefault(key, value) != value:
                raise FailedPreconditionError(
                    None,
                    None,
                    f"HashTable has different value for same key. Key {key!r} has "
                    f"{entries[key]!r} and trying to add value {value!r}",
                )
        with self.lock:
            if self.ready and entries != self.entries:
                raise FailedPreconditionError(
                    None, None, "Table was already initialized with different data."
                )
            self.entries, self.ready = entries, True

    def replace(self, keys: Any, values: Any) -> None:
        self.fill(self._pairs(keys, values))

    def insert(self, keys: Any, values: Any) -> None:
        raise _unimplemented("insert")

    def remove(self, keys: Any) -> None:
        raise _unimplemented("remove")

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        self._check_ready()
        return super().export()


def _unimplemented(what: str) -> Exception:
    from tf1x.core.errors import UnimplementedError

    return UnimplementedError(None, None, f"{what} not supported by HashTable implementations")


class DenseTable(Table):
    """A table in which two keys may not be used: TensorFlow marks its free places with them."""

    def __init__(
        self, key_dtype: DType, value_dtype: DType, value_shape: Any, empty: Any, deleted: Any
    ) -> None:
        super().__init__(key_dtype, value_dtype, value_shape, np.shape(empty))
        if deleted is not None and np.array_equal(empty, deleted):
            raise _invalid("Empty and deleted keys cannot be equal")
        marks = [(empty, "empty_key"), (deleted, "deleted_key")]
        self._reserved = {self._keys(mark)[0]: name for mark, name in marks if mark is not None}

    def _keys(self, keys: Any) -> list[Any]:
        found = super()._keys(keys)
        reserved = getattr(self, "_reserved", {})
        for key in found:
            if key in reserved:
                raise _invalid(f"Using the {reserved[key]} as a table key is not allowed")
        return found


# -- making --------------------------------------------------------------------------------------


@op(
    "-> table_handle: resource",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    attrs=_NAMES,
)
def HashTableV2(*, key_dtype: DType, value_dtype: DType, op: Operation, session: Any) -> Any:
    """A table that is filled once."""
    return get_or_create(session, op, StaticTable, lambda: StaticTable(key_dtype, value_dtype))


@op(
    "-> table_handle: resource",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    attrs=_NAMES,
)
def MutableHashTableV2(*, key_dtype: DType, value_dtype: DType, op: Operation, session: Any) -> Any:
    """A table that can change; values are scalars."""
    return get_or_create(session, op, Table, lambda: Table(key_dtype, value_dtype))


@op(
    "-> table_handle: resource",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    attrs=_NAMES,
)
def MutableHashTableOfTensorsV2(
    *,
    key_dtype: DType,
    value_dtype: DType,
    value_shape: TensorShape = TensorShape(()),  # noqa: B008
    op: Operation,
    session: Any,
) -> Any:
    """A table that can change; values have a shape."""
    shape = tuple(value_shape.as_list())
    return get_or_create(session, op, Table, lambda: Table(key_dtype, value_dtype, shape))


@op(
    "empty_key: key_dtype, deleted_key: key_dtype -> table_handle: resource",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    attrs={**_NAMES, "initial_num_buckets": ("int", 131072), "max_load_factor": ("float", 0.8)},
)
def MutableDenseHashTableV2(
    empty_key: Any,
    deleted_key: Any,
    *,
    key_dtype: DType,
    value_dtype: DType,
    value_shape: TensorShape = TensorShape(()),  # noqa: B008
    op: Operation,
    session: Any,
) -> Any:
    """A table that can change; `empty_key` and `deleted_key` may not be used."""
    shape = tuple(value_shape.as_list())

    def make() -> DenseTable:
        return DenseTable(key_dtype, value_dtype, shape, empty_key, deleted_key)

    return get_or_create(session, op, DenseTable, make)


# -- filling -------------------------------------------------------------------------------------


@op(
    "table_handle: resource, keys: Tkey, values: Tval -> ",
    shape=nothing,
    grad=None,
    host=True,
    stateful=True,
)
def InitializeTableV2(table_handle: Any, keys: Any, values: Any) -> None:
    """Fill a table of `HashTableV2`.

    Raises:
        FailedPreconditionError: a key comes with two values, or the table holds others.
    """
    expect(table_handle, StaticTable).replace(keys, values)


_LINE_NUMBER, _WHOLE_LINE = -1, -2


def _lines(path: str, count: int) -> Iterator[bytes]:
    """The lines of a vocabulary file, the first `count` of them if it is not -1.

    Raises:
        NotFoundError: there is no such file.
        InvalidArgumentError: it has fewer lines, or an empty one.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise NotFoundError(None, None, f"{path}; {error.strerror}") from error
    found = 0
    with file:
        for number_of, raw in enumerate(file):
            if number_of == count:
                return
            line = raw.rstrip(b"\n").replace(b"\r", b"")
            if not line:
                raise _invalid(f"Invalid content in {path}: empty line found at line {number_of}.")
            found += 1
            yield line
    if count not in (-1, found):
        raise _invalid(f"Invalid vocab_size in {path}: expected {count} but got {found}")


def _field(
    path: str, line: bytes, parts: list[bytes], line_number: int, index: int, dtype: DType
) -> Any:
    if index == _LINE_NUMBER:
        return line_number
    token = line if index == _WHOLE_LINE else parts[index]
    if dtype.name == "string":
        return token
    value = number(token, dtype.as_numpy_dtype)
    if value is None:
        raise _invalid(
            f"Field {token.decode('utf-8', 'replace')} in line {line_number} of {path} is not a "
            f"valid {dtype.name}."
        )
    return value.item()


def _check_columns(table: Table, key_index: int, value_index: int) -> None:
    for what, index, dtype in (
        ("Key", key_index, table.key_dtype),
        ("Value", value_index, table.value_dtype),
    ):
        if index == _LINE_NUMBER and dtype.name != "int64":
            raise _invalid(
                f"{what} index for line number requires table {what.lower()} dtype of int64, "
                f"got {dtype.name}"
            )
        if index == _WHOLE_LINE and not (dtype.is_integer or dtype.name == "string"):
            raise _invalid(
                f"{what} index for whole line requires string or integer table "
                f"{what.lower()}, got {dtype.name}"
            )


@op(
    "table_handle: resource, filename: string -> ",
    shape=nothing,
    grad=None,
    host=True,
    blocking=True,
    stateful=True,
)
def InitializeTableFromTextFileV2(
    table_handle: Any,
    filename: Any,
    *,
    key_index: int,
    value_index: int,
    vocab_size: int = -1,
    delimiter: str = "\t",
    offset: int = 0,
) -> None:
    """Fill a table of `HashTableV2` with the lines of a text file.

    Args:
        key_index, value_index: which column of a line, -1 for the line's number (from 0, plus
            `offset`), -2 for the whole line.
        vocab_size: how many lines (-1: all).
        delimiter: what separates columns.

    Raises:
        NotFoundError: there is no such file.
        InvalidArgumentError: its content does not fit.
    """
    table = expect(table_handle, StaticTable)
    _check_columns(table, key_index, value_index)
    path = np.asarray(filename).item().decode()
    columns = max(key_index, value_index) + 1
    pairs = []
    for i, line in enumerate(_lines(path, vocab_size)):
        parts = line.split(delimiter.encode()) if columns > 0 else []
        if len(parts) < columns:
            raise _invalid(
                f"Invalid number of columns in {path} line {i} ({line!r}) : expected at least "
                f"{columns} got {len(parts)}"
            )
        key = _field(path, line, parts, i + offset, key_index, table.key_dtype)
        pairs.append((key, _field(path, line, parts, i + offset, value_index, table.value_dtype)))
    table.fill(pairs)


# -- using ---------------------------------------------------------------------------------------


def _found_shape(op: Operation) -> Any:
    table, keys, default = op.inputs[0].op, op.inputs[1].shape, op.inputs[2].shape
    if not table.type.endswith("HashTableV2") and not table.type.endswith("OfTensorsV2"):
        return [None]  # the table comes from outside of a function
    if keys.ndims is None:
        return [None]
    if table.type == "MutableDenseHashTableV2":
        key = table.inputs[0].shape
        if key.ndims is None:
            return [None]
        keys = TensorShape(keys.as_list()[: keys.ndims - key.ndims])
    value = table.attrs.get("value_shape") or TensorShape(())
    if table.type == "HashTableV2" and default.ndims:
        raise ValueError(f"Shape must be rank 0 but is rank {default.ndims}")
    return [keys.concatenate(value)]


@op(
    "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout",
    shape=_found_shape,
    grad=None,
    host=True,
    stateful=True,
)
def LookupTableFindV2(table_handle: Any, keys: Any, default_value: Any) -> Any:
    """The values of `keys`, `default_value` for those that are not there.

    Raises:
        FailedPreconditionError: the table has not been initialised.
    """
    return expect(table_handle, Table).find(keys, default_value)


@op(
    "table_handle: resource, keys: Tin, values: Tout -> ",
    shape=nothing,
    grad=None,
    host=True,
    stateful=True,
)
def LookupTableInsertV2(table_handle: Any, keys: Any, values: Any) -> None:
    """Set the values of keys."""
    expect(table_handle, Table).insert(keys, values)


@op("table_handle: resource, keys: Tin -> ", shape=nothing, grad=None, host=True, stateful=True)
def LookupTableRemoveV2(table_handle: Any, keys: Any) -> None:
    """Take keys out; those that are not there do no harm."""
    expect(table_handle, Table).remove(keys)


@op("table_handle: resource -> size: int64", shape=scalar, grad=None, host=True, stateful=True)
def LookupTableSizeV2(table_handle: Any) -> Any:
    """The number of entries."""
    return np.int64(len(expect(table_handle, Table)))


@op(
    "table_handle: resource -> keys: Tkeys, values: Tvalues",
    shape=lambda op: [None, None],
    grad=None,
    host=True,
    stateful=True,
)
def LookupTableExportV2(table_handle: Any) -> Any:
    """All keys and values."""
    return expect(table_handle, Table).export()


@op(
    "table_handle: resource, keys: Tin, values: Tout -> ",
    shape=nothing,
    grad=None,
    host=True,
    stateful=True,
)
def LookupTableImportV2(table_handle: Any, keys: Any, values: Any) -> None:
    """Put these entries in place of those that are there; a static table is filled."""
    expect(table_handle, Table).replace(keys, values)
