"""Datasets of what is in files: lines of text, records, CSV fields."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import DataLossError
from tf1x.core.files import local_path, os_error
from tf1x.core.opdef import op
from tf1x.core.records import RecordReader, RecordWriter
from tf1x.ops.dataset_value import (
    METADATA,
    OUTPUTS,
    Context,
    DatasetValue,
    Element,
    Run,
    dataset_op,
    invalid,
)
from tf1x.ops.shape_rules import nothing

_CHUNK = 1 << 18


def _text(value: Any) -> str:
    return np.asarray(value).item().decode()  # type: ignore[no-any-return]


def _names(filenames: Any) -> list[str]:
    if filenames.ndim > 1:
        raise invalid("`filenames` must be a scalar or a vector.")
    return [name.decode() for name in filenames.reshape(-1)]


def _compression(value: Any) -> str:
    name = _text(value)
    if name not in ("", "ZLIB", "GZIP"):
        raise invalid("Unsupported compression_type.")
    return name


def _of_files(names: list[str], items: Callable[[str], Iterator[Element]]) -> DatasetValue:
    """The items of the files, one file after the other.

    A file that fails gives its error once; the next element is the next file's first. Of a CSV
    file only the row is lost.
    """

    def start(context: Context) -> Run:
        left = iter(names)
        current: Iterator[Element] | None = None

        def next_element() -> Element | None:
            nonlocal current
            while True:
                if current is None:
                    name = next(left, None)
                    if name is None:
                        return None
                    current = items(name)
                try:
                    element = next(current, None)
                except BaseException:
                    if not isinstance(current, _CsvRows):
                        current = None
                    raise
                if element is not None:
                    return element
                current = None

        return Run(next_element)

    return DatasetValue(start)


def _string(data: bytes) -> Any:
    made = np.empty((), object)
    made[()] = data
    return made


def _chunks(name: str, compression: str) -> Iterator[bytes]:
    """The (uncompressed) bytes of a file, a piece at a time.

    Raises:
        NotFoundError (and kin): it cannot be opened.
        DataLossError: it is not compressed so, or damaged.
    """
    path = local_path(name)
    try:
        with open(path, "rb") as file:
            if not compression:
                while piece := file.read(_CHUNK):
                    yield piece
                return
            source: Any = gzip.GzipFile(fileobj=file) if compression == "GZIP" else _Zlib(file)
            while piece := source.read(_CHUNK):
                yield piece
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise DataLossError(None, None, f"{path}: inflate() failed: {error}") from error
    except OSError as error:
        raise os_error(error) from error


class _Zlib:
    """Reads a zlib stream, no more than asked for at a time."""

    def __init__(self, file: Any) -> None:
        self._file, self._inflate = file, zlib.decompressobj()

    def read(self, size: int) -> bytes:
        while True:
            data = self._inflate.unconsumed_tail or self._file.read(size)
            if not data:
                return b""
            found = self._inflate.decompress(data, size)
            if found:
                return found


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends, a carriage return before the end dropped too."""
    rest: list[bytes] = []
    for piece in chunks:
        first, *more = piece.split(b"\n")
        rest.append(first)
        for line in more:
            whole = b"".join(rest)
            yield whole.removesuffix(b"\r")
            rest = [line]
    last = b"".join(rest)
    if last:
        yield last.removesuffix(b"\r")


@dataset_op(
    "filenames: string, compression_type: string, buffer_size: int64", stateful=True, attrs=METADATA
)
def TextLineDataset(filenames: Any, compression_type: Any, buffer_size: Any) -> DatasetValue:
    """The lines of text files, without their ends."""
    compression = _compression(compression_type)

    def items(name: str) -> Iterator[Element]:
        return ([_string(line)] for line in _lines(_chunks(name, compression)))

    return _of_files(_names(filenames), items)


def _records(name: str, compression: str, offset: int = 0) -> Iterator[Element]:
    reader = RecordReader(name, compression)
    if offset:
        if compression:
            raise invalid("byte_offsets are for uncompressed files.")
        reader._file.seek(offset)
        reader.offset = offset
    try:
        for record in reader:
            yield [_string(record)]
    finally:
        reader.close()


@dataset_op(
    "filenames: string, compression_type: string, buffer_size: int64", stateful=True, attrs=METADATA
)
def TFRecordDataset(filenames: Any, compression_type: Any, buffer_size: Any) -> DatasetValue:
    """The records of TFRecord files."""
    compression = _compression(compression_type)
    return _of_files(_names(filenames), lambda name: _records(name, compression))


@dataset_op(
    "filenames: string, compression_type: string, buffer_size: int64, byte_offsets: int64",
    stateful=True,
    attrs=METADATA,
)
def TFRecordDatasetV2(
    filenames: Any, compression_type: Any, buffer_size: Any, byte_offsets: Any
) -> DatasetValue:
    """As `TFRecordDataset`, each file from its byte offset on."""
    compression = _compression(compression_type)
    names = _names(filenames)
    offsets = byte_offsets.reshape(-1).tolist() or [0] * len(names)
    if len(offsets) != len(names):
        raise invalid("`byte_offsets` must have the same size as `filenames`.")
    left = dict(enumerate(zip(names, offsets, strict=True)))
    return _of_files(
        [str(i) for i in left], lambda i: _records(left[int(i)][0], compression, left[int(i)][1])
    )


def _fixed(name: str, compression: str, header: int, size: int, footer: int) -> Iterator[Element]:
    """Records of `size` bytes between a header and a footer."""
    buffer = b""
    skipped = position = 0
    for piece in _chunks(name, compression):
        if skipped < header:
            drop = min(header - skipped, len(piece))
            skipped += drop
            piece = piece[drop:]
        buffer += piece
        position = 0
        while len(buffer) - position >= size + footer:
            yield [_string(buffer[position : position + size])]
            position += size
        buffer = buffer[position:]
    extra = len(buffer) - footer
    if skipped < header or extra:
        path = local_path(name)
        raise invalid(
            f"Excess trailing bytes in file {path}: its body, without {header} bytes of header and "
            f"{footer} of footer, is not a multiple of {size} bytes."
        )


def _fixed_length(
    filenames: Any,
    header_bytes: Any,
    record_bytes: Any,
    footer_bytes: Any,
    buffer_size: Any,
    compression_type: Any = None,
) -> DatasetValue:
    """Records of `record_bytes` bytes each."""
    sizes = int(header_bytes), int(record_bytes), int(footer_bytes)
    if sizes[1] <= 0:
        raise invalid("`record_bytes` must be > 0")
    if min(sizes) < 0:
        raise invalid("`header_bytes` and `footer_bytes` must be >= 0")
    compression = "" if compression_type is None else _compression(compression_type)
    return _of_files(_names(filenames), lambda name: _fixed(name, compression, *sizes))


_FIXED = (
    "filenames: string, header_bytes: int64, record_bytes: int64, footer_bytes: int64, "
    "buffer_size: int64"
)
FixedLengthRecordDataset = dataset_op(
    _FIXED, stateful=True, attrs=METADATA, type="FixedLengthRecordDataset"
)(_fixed_length)
FixedLengthRecordDatasetV2 = dataset_op(
    f"{_FIXED}, compression_type: string",
    stateful=True,
    attrs=METADATA,
    type="FixedLengthRecordDatasetV2",
)(_fixed_length)


@op(
    "input_dataset: variant, filename: string, compression_type: string -> ",
    shape=nothing,
    grad=None,
    host=True,
    stateful=True,
    blocking=True,
)
def DatasetToTFRecord(input_dataset: DatasetValue, filename: Any, compression_type: Any) -> None:
    """Write a dataset of strings to a record file."""
    context = Context()
    source = input_dataset.start(context)
    try:
        with RecordWriter(_text(filename), _compression(compression_type)) as writer:
            while (element := source.next()) is not None:
                if len(element) != 1 or element[0].dtype.kind != "O" or element[0].ndim:
                    raise invalid("The dataset must consist of scalar strings.")
                writer.write(element[0].item())
    finally:
        context.cancel()


# -- CSV -----------------------------------------------------------------------------------------

_CSV = (
    "filenames: string, compression_type: string, buffer_size: int64, header: bool, "
    "field_delim: string, use_quote_delim: bool, na_value: string, select_cols: int64, "
    "record_defaults: *output_types"
)
_CSV_ATTRS = {"output_shapes": OUTPUTS["output_shapes"]}


def _csv_dataset(
    filenames: Any,
    compression_type: Any,
    buffer_size: Any,
    header: Any,
    field_delim: Any,
    use_quote_delim: Any,
    na_value: Any,
    select_cols: Any,
    record_defaults: list[Any],
    exclude_cols: Any = None,
    *,
    output_types: list[DType],
) -> DatasetValue:
    """The fields of CSV files, each a component."""
    compression = _compression(compression_type)
    delimiter, missing = _text(field_delim), _text(na_value)
    if len(delimiter) != 1:
        raise invalid("field_delim should be only 1 char")
    quoting = csv.QUOTE_MINIMAL if bool(use_quote_delim) else csv.QUOTE_NONE
    selected = [int(c) for c in np.asarray(select_cols).reshape(-1)]
    excluded = set() if exclude_cols is None else {int(c) for c in exclude_cols.reshape(-1)}

    def items(name: str) -> Iterator[Element]:
        rows = csv.reader(
            text_of(name, compression), delimiter=delimiter, quoting=quoting, strict=True
        )
        found = _CsvRows(rows, fields_of)
        if bool(header):
            found.row()
        return found

    def fields_of(row: list[str]) -> Element:
        if selected:
            if len(row) <= selected[-1]:
                raise invalid(f"Expect {selected[-1] + 1} fields but have {len(row)} in record")
            row = [row[c] for c in selected]
        elif excluded:
            row = [x for i, x in enumerate(row) if i not in excluded]
        if len(row) != len(record_defaults):
            raise invalid(f"Expect {len(record_defaults)} fields but have {len(row)} in record")
        return [
            _field(i, text, default, dtype, missing)
            for i, (text, default, dtype) in enumerate(
                zip(row, record_defaults, output_types, strict=True)
            )
        ]

    return _of_files(_names(filenames), items)


class _CsvRows:
    """Elements from rows of text; a row that fails is left out of the next."""

    def __init__(self, rows: Iterator[list[str]], element: Callable[[list[str]], Element]) -> None:
        self._rows, self._element = rows, element

    def __iter__(self) -> Iterator[Element]:
        return self

    def __next__(self) -> Element:
        row = self.row()
        if row is None:
            raise StopIteration
        return self._element(row or [""])  # an empty line is one empty field

    def row(self) -> list[str] | None:
        """The next row's fields, or None at the end."""
        try:
            return next(self._rows, None)
        except csv.Error as error:
            raise invalid(f"CSV record: {error}") from error


def text_of(name: str, compression: str) -> io.TextIOWrapper:
    """A file's text; bytes that are no UTF-8 survive as surrogates."""
    pieces: Any = _Pieces(_chunks(name, compression))
    return io.TextIOWrapper(pieces, "utf-8", "surrogateescape", newline="")


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _field(index: int, text: str, default: Any, dtype: DType, missing: str) -> Any:
    """One field as a scalar; its default where it is empty or says that it is missing."""
    if not text or text == missing:
        if not default.size:
            raise invalid(f"Field {index} is required but missing in record!")
        return np.array(default.reshape(-1)[0], default.dtype).reshape(())
    if dtype.name == "string":
        return _string(text.encode("utf-8", "surrogateescape"))
    kind = dtype.as_numpy_dtype
    try:
        if dtype.is_integer:
            number = int(text)
            limits = np.iinfo(kind)
            if not limits.min <= number <= limits.max:
                raise ValueError
            return np.array(number, kind)
        return np.array(float(text), kind)
    except ValueError:
        raise invalid(f"Field {index} in record is not a valid {dtype.name}: {text}") from None


CSVDataset = dataset_op(_CSV, stateful=True, attrs=_CSV_ATTRS, type="CSVDataset")(_csv_dataset)
CSVDatasetV2 = dataset_op(
    f"{_CSV}, exclude_cols: int64", stateful=True, attrs=_CSV_ATTRS, type="CSVDatasetV2"
)(_csv_dataset)
