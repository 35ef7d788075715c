"""Datasets of what is in files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import DType, as_dtype, bool_, int64, string
from tf1x.core.operation import Tensor
from tf1x.lib.data import structure
from tf1x.lib.data.arguments import int64_tensor
from tf1x.lib.data.dataset import Dataset
from tf1x.lib.data.functions import Traced
from tf1x.lib.data.structure import Spec
from tf1x.ops import dataset_files as ops
from tf1x.ops.dataset_interleave import LegacyParallelInterleaveDatasetV2

_BUFFER = 256 * 1024
_CSV_BUFFER = 4 * 1024 * 1024
_STRING = Spec(string, ())


def _names(filenames: Any) -> Dataset:
    """A dataset of file names from a tensor, a list or a dataset of them."""
    if isinstance(filenames, Dataset):
        if structure.flat_types(filenames._spec) != [string]:
            raise TypeError("The `filenames` argument must contain `tf.string` elements.")
        return filenames
    tensor = convert.to_tensor(filenames, dtype_hint_string(filenames))
    if tensor.dtype is not string:
        raise TypeError(f"The `filenames` argument must contain `tf.string` elements. Got {tensor.dtype!r}.")  # fmt: skip
    flat = opdef.get("Reshape").endpoint(tensor, [-1], name="flat_filenames")
    from tf1x.ops.dataset import TensorSliceDataset

    return Dataset(TensorSliceDataset([flat], output_shapes=[()], is_files=True), _STRING)


def dtype_hint_string(value: Any) -> DType | None:
    """The type of an empty list of names."""
    return string if isinstance(value, (list, tuple)) and not value else None


def _reading(
    filenames: Any, read_one: Callable[[Tensor], Dataset], num_parallel_reads: Any
) -> Tensor:
    """The variant of the datasets that `read_one` makes of the names, one after the other.

    With `num_parallel_reads` so many files are read at a time, an element of each in turn.
    """
    names = _names(filenames)
    if num_parallel_reads is None:
        return names.flat_map(read_one)._variant_tensor
    if num_parallel_reads == -1:
        return names.interleave(read_one, num_parallel_calls=-1)._variant_tensor
    function = Traced(read_one, names._spec, "tf_data_experimental_parallel_interleave")
    made: Tensor = LegacyParallelInterleaveDatasetV2(
        names._variant_tensor,
        function.captures,
        int64_tensor(num_parallel_reads, "cycle_length"),
        int64_tensor(1, "block_length"),
        int64_tensor(2, "buffer_output_elements"),
        int64_tensor(2 * num_parallel_reads, "prefetch_input_elements"),
        f=function.attr,
        deterministic="true",
        output_types=[string],
        output_shapes=[()],
    )
    return made


def _compression(value: Any) -> Tensor:
    return convert.to_tensor("" if value is None else value, string, name="compression_type")


def _buffer(value: Any) -> Tensor:
    return int64_tensor(_BUFFER if value is None else value, "buffer_size")


class TextLineDataset(Dataset):
    """The lines of text files, without their ends.

    Args:
        filenames: a tensor, list or dataset of names.
        compression_type: "" (or None), "GZIP" or "ZLIB".
        buffer_size: accepted.
        num_parallel_reads: read so many files at a time, a line of each in turn.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def read_one_file(filename: Tensor) -> Dataset:
            node = ops.TextLineDataset(filename, _compression(compression_type), _buffer(buffer_size))  # fmt: skip
            return Dataset(node, _STRING)

        super().__init__(_reading(filenames, read_one_file, num_parallel_reads), _STRING)


class TFRecordDataset(Dataset):
    """The records of TFRecord files, strings.

    Args:
        filenames: a tensor, list or dataset of names.
        compression_type: "" (or None), "GZIP" or "ZLIB".
        buffer_size: accepted.
        num_parallel_reads: read so many files at a time, a record of each in turn.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def read_one_file(filename: Tensor) -> Dataset:
            node = ops.TFRecordDataset(filename, _compression(compression_type), _buffer(buffer_size))  # fmt: skip
            return Dataset(node, _STRING)

        super().__init__(_reading(filenames, read_one_file, num_parallel_reads), _STRING)


class FixedLengthRecordDataset(Dataset):
    """Records of `record_bytes` bytes each, strings, between a header and a footer of the file.

    Args:
        filenames: a tensor, list or dataset of names.
        record_bytes, header_bytes, footer_bytes: sizes.
        buffer_size: accepted.
        compression_type: "" (or None), "GZIP" or "ZLIB".
        num_parallel_reads: read so many files at a time, a record of each in turn.
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def read_one_file(filename: Tensor) -> Dataset:
            node = ops.FixedLengthRecordDatasetV2(
                filename,
                int64_tensor(0 if header_bytes is None else header_bytes, "header_bytes"),
                int64_tensor(record_bytes, "record_bytes"),
                int64_tensor(0 if footer_bytes is None else footer_bytes, "footer_bytes"),
                _buffer(buffer_size),
                _compression(compression_type),
            )
            return Dataset(node, _STRING)

        super().__init__(_reading(filenames, read_one_file, num_parallel_reads), _STRING)


class CsvDataset(Dataset):
    """The rows of CSV files, each a tuple of scalars.

    Args:
        filenames: a tensor or list of names.
        record_defaults: for each column its type where the field is required, or its default.
        compression_type: "" (or None), "GZIP" or "ZLIB".
        buffer_size: accepted.
        header: skip the first row of each file.
        field_delim, use_quote_delim: as in `tf.decode_csv`.
        na_value: text that stands for a missing field.
        select_cols: sorted numbers of the columns to read, by default all.
        exclude_cols: numbers of the columns to leave out.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Any = None,
        exclude_cols: Any = None,
    ) -> None:
        if select_cols is not None and exclude_cols is not None:
            raise ValueError("Either select_cols or exclude_cols should be specified.")
        names = convert.to_tensor(filenames, string, name="filenames")
        compression = _compression(compression_type)
        columns = [_column(value) for value in record_defaults]
        defaults = [
            convert.to_tensor(value, name=f"record_defaults_{i}") for i, value in enumerate(columns)
        ]
        spec = tuple(Spec(d.dtype, ()) for d in defaults)
        node = ops.CSVDatasetV2(
            names,
            compression,
            int64_tensor(_CSV_BUFFER if buffer_size is None else buffer_size, "buffer_size"),
            convert.to_tensor(header, bool_, name="header"),
            convert.to_tensor(field_delim, string, name="field_delim"),
            convert.to_tensor(use_quote_delim, bool_, name="use_quote_delim"),
            convert.to_tensor(na_value, string, name="na_value"),
            int64_tensor([] if select_cols is None else select_cols, "select_cols"),
            defaults,
            int64_tensor([] if exclude_cols is None else exclude_cols, "exclude_cols"),
            output_shapes=structure.flat_shapes(spec),
        )
        super().__init__(node, spec)


def _column(value: Any) -> Any:
    """A column's default; an empty tensor of its type where the field is required."""
    if isinstance(value, DType) or (isinstance(value, type) and value is not list):
        return convert.to_tensor([], as_dtype(value))
    return value


def list_files(file_pattern: Any, shuffle: bool | None, seed: int | None) -> Dataset:
    """See `Dataset.list_files`."""
    with scopes.name_scope("list_files"):
        shuffle = True if shuffle is None else shuffle
        pattern = convert.to_tensor(file_pattern, string, name="file_pattern")
        matching = opdef.get("MatchingFiles").endpoint(pattern)
        count = opdef.get("Shape").endpoint(matching)[0]
        found = opdef.get("Greater").endpoint(count, 0, name="match_not_empty")
        joined = _joined(pattern)
        message = opdef.get("Add").endpoint("No files matched pattern: ", joined, name="message")
        with scopes.name_scope("assert_not_empty"):
            assertion = opdef.get("Assert").node(
                (found, message), {"T": [string], "summarize": 1}, "Assert"
            )
        with scopes.control_dependencies([assertion]):
            matching = opdef.get("Identity").endpoint(matching)
        from tf1x.ops.dataset import TensorSliceDataset

        node = TensorSliceDataset([matching], output_shapes=[()], is_files=True)
        names = Dataset(node, _STRING)
        if shuffle:
            size = opdef.get("Shape").endpoint(matching, out_type=int64)[0]
            size = opdef.get("Maximum").endpoint(size, 1)
            names = names.shuffle(size, seed=seed)
        return names


def _joined(pattern: Tensor) -> Tensor:
    """The patterns in one string."""
    rank = pattern.shape.ndims or 0
    with scopes.name_scope("ReduceJoin"):
        axes = convert.to_tensor(list(range(rank)) if rank else np.zeros(0, np.int32), name="Const")
        made: Tensor = opdef.get("ReduceJoin").endpoint(
            pattern, axes, separator=", ", name="ReduceJoin"
        )
    return made
