"""Lines of CSV and JSON."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.core.dtypes import DType, string
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops.parsing_columns import array_of
from tf1x.ops.shape_rules import dims, unchanged

_CSV_TYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, string)
_NAMES = {"float32": "float", "float64": "double"}


def _fail(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


# -- fields --------------------------------------------------------------------------------------


def _fields(record: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a record. Line ends may stand within quotes and in front of a field."""
    if not record:
        return []
    if b"\n" not in record and b"\r" not in record and not (quotes and b'"' in record):
        return record.split(delimiter)
    fields = list(_scan(record, delimiter, quotes))
    return fields + [b""] if record.endswith(delimiter) else fields


def _scan(record: bytes, delimiter: bytes, quotes: bool) -> Iterator[bytes]:
    position = 0
    while position < len(record):
        if record[position : position + 1] in (b"\n", b"\r"):
            position += 1
        elif quotes and record.startswith(b'"', position):
            field, position = _quoted(record, position + 1, delimiter)
            yield field
        else:
            end = record.find(delimiter, position)
            field = record[position : end if end >= 0 else len(record)]
            if b"\n" in field or b"\r" in field or (quotes and b'"' in field):
                raise _fail("Unquoted fields cannot have quotes/CRLFs inside")
            yield field
            position += len(field) + 1


def _quoted(record: bytes, start: int, delimiter: bytes) -> tuple[bytes, int]:
    """The field whose text begins at `start`, and where the next one begins."""
    parts = []
    while True:
        end = record.find(b'"', start)
        if end < 0:
            raise _fail("Quoted field has to end with quote followed by delim or end")
        parts.append(record[start:end])
        after = record[end + 1 : end + 2]
        if after in (b"", delimiter):
            return b'"'.join(parts), end + 2
        if after != b'"':
            raise _fail("Quote inside a string has to be escaped by another quote")
        start = end + 2


# -- numbers -------------------------------------------------------------------------------------


def _float(field: bytes) -> float:
    if b"_" in field:  # Python reads 1_000
        raise ValueError
    try:
        return float(field)
    except ValueError:
        if b"x" not in field.lower():
            raise
        return float.fromhex(field.decode("ascii"))


def _int(field: bytes) -> int:
    if b"_" in field:
        raise ValueError
    return int(field)


@functools.cache
def _converter(dtype: DType) -> Callable[[bytes], Any]:
    if dtype is string:
        return lambda field: field
    if dtype.is_floating:
        return _float
    limits = np.iinfo(dtype.numpy_dtype)
    least, most = int(limits.min), int(limits.max)

    def convert(field: bytes) -> int:
        value = _int(field)
        if not least <= value <= most:
            raise ValueError
        return value

    return convert


def _column(
    rows: list[list[bytes]], index: int, default: Any, dtype: DType, missing: tuple[bytes, bytes]
) -> Any:
    convert = _converter(dtype)
    values = []
    for number, row in enumerate(rows):
        field = row[index]
        if field in missing:
            standard = np.ravel(default).tolist()
            if not standard:
                raise _fail(f"Field {index} is required but missing in record {number}!")
            values.append(standard[0])
            continue
        try:
            values.append(convert(field))
        except (ValueError, OverflowError) as error:
            shown = field[:200].decode("utf-8", "replace")
            name = _NAMES.get(dtype.name, dtype.name)
            raise _fail(
                f"Field {index} in record {number} is not a valid {name}: {shown}"
            ) from error
    return array_of(values, dtype)


def _csv_shape(op: Operation) -> Any:
    for default in op.inputs[1:]:
        shape = default.shape
        if shape.ndims is not None and (
            shape.ndims > 1 or (shape.ndims == 1 and (shape.as_list()[0] or 0) > 1)
        ):
            raise ValueError(
                "Shape of a default must be a length-0 or length-1 vector, or a scalar."
            )
    return [dims(op, 0)] * len(op.outputs or op.attrs["OUT_TYPE"])


@op(
    "records: string, record_defaults: *OUT_TYPE -> output: *OUT_TYPE",
    shape=_csv_shape,
    grad=None,
    host=True,
    OUT_TYPE=_CSV_TYPES,
)
def DecodeCSV(
    records: Any,
    record_defaults: list[Any],
    *,
    OUT_TYPE: list[DType],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: list[int] = [],  # noqa: B006
) -> Any:
    """The fields of lines of CSV: a tensor for each column, in the shape of `records`.

    Raises:
        InvalidArgumentError: a line has another number of fields or stray quotes, or a field is
            missing or no number.
    """
    if len(field_delim) != 1:
        raise _fail("field_delim should be only 1 char")
    delimiter = field_delim.encode()
    rows = []
    for number, record in enumerate(np.ravel(records).tolist()):
        fields = _fields(record, delimiter, use_quote_delim)
        if select_cols:
            fields = [fields[i] for i in select_cols if i < len(fields)]
        if len(fields) != len(OUT_TYPE):
            raise _fail(f"Expect {len(OUT_TYPE)} fields but have {len(fields)} in record {number}")
        rows.append(fields)
    missing = (b"", na_value.encode())
    shape = np.shape(records)
    columns = zip(record_defaults, OUT_TYPE, strict=True)
    with np.errstate(over="ignore"):  # 1e999 is infinite
        return [
            _column(rows, i, default, dtype, missing).reshape(shape)
            for i, (default, dtype) in enumerate(columns)
        ]


def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """The fields of lines of CSV (RFC 4180): a tensor for each column, in the shape of `records`.

    Args:
        record_defaults: for each column its value where a field is empty, as a scalar or a list
            of one; an empty list or tensor where it must not be. The column has its type: float32,
            float64, int32, int64 or string.
        use_quote_delim: fields may stand in double quotes.
        na_value: stands for an empty field too.
        select_cols: which columns to take, in order; by default all.

    Raises:
        ValueError: `select_cols` is not increasing, or not as long as `record_defaults`.
        InvalidArgumentError (when run): a line has another number of fields or stray quotes, or a
            field is missing or no number; the message names it.
    """
    chosen = list(select_cols or [])
    if any(a >= b for a, b in itertools.pairwise(chosen)):
        raise ValueError("select_cols is not strictly increasing.")
    if chosen and chosen[0] < 0:
        raise ValueError("select_cols contains negative values.")
    if select_cols is not None and len(chosen) != len(record_defaults):
        raise ValueError("Length of select_cols and record_defaults do not match.")
    columns: list[Tensor] = DecodeCSV(
        records=records,
        record_defaults=list(record_defaults),
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=chosen,
        name=name,
    )
    for tensor in columns:
        if tensor.dtype not in _CSV_TYPES:
            raise TypeError(
                f"Value passed to parameter 'record_defaults' has DataType {tensor.dtype.name} not "
                f"in list of allowed values: {', '.join(t.name for t in _CSV_TYPES)}"
            )
    return columns


# -- JSON ----------------------------------------------------------------------------------------


@op("json_examples: string -> binary_examples: string", shape=unchanged, grad=None, host=True)
def DecodeJSONExample(json_examples: Any) -> Any:
    """`Example` messages in protobuf's JSON form, as serialized messages.

    Raises:
        InvalidArgumentError: a string is not that.
    """
    from google.protobuf import json_format

    from tf1x.core.messages import Example

    found = []
    for text in np.ravel(json_examples).tolist():
        try:
            found.append(json_format.Parse(text, Example()).SerializeToString())
        except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
            raise _fail(f"Error while parsing JSON: {error}") from error
    return array_of(found, string).reshape(np.shape(json_examples))


decode_json_example = DecodeJSONExample
