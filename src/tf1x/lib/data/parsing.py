"""Whole pipelines from files of CSV rows or `Example` messages."""

from __future__ import annotations

import csv
import glob
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, as_dtype, float32, float64, int32, int64, string
from tf1x.core.errors import NotFoundError
from tf1x.core.files import local_path
from tf1x.lib.data.arguments import AUTOTUNE
from tf1x.lib.data.dataset import Dataset
from tf1x.lib.data.experimental import parallel_interleave
from tf1x.lib.data.grouping import Transformation
from tf1x.lib.data.readers import CsvDataset, TFRecordDataset
from tf1x.ops.dataset_files import DatasetToTFRecord, text_of


def parse_example_dataset(features: Any, num_parallel_calls: int = 1) -> Transformation:
    """`tf.parse_example` of each batch of serialized `Example` messages.

    Args:
        features: for each key a `FixedLenFeature`, `VarLenFeature` or `SparseFeature`.
        num_parallel_calls: how many batches to parse at a time.
    """
    from tf1x.ops.parsing_functions import parse_example

    calls = None if num_parallel_calls == 1 else num_parallel_calls
    return lambda dataset: dataset.map(lambda batch: parse_example(batch, features), calls)


def _interleaved(dataset: Dataset, read: Any, number: int, sloppy: bool) -> Dataset:
    if number == AUTOTUNE:
        return dataset.interleave(read, num_parallel_calls=number)
    return dataset.apply(parallel_interleave(read, number, 1, sloppy))


def _shuffled_and_repeated(
    dataset: Dataset, epochs: int | None, shuffle: bool, size: int, seed: int | None
) -> Dataset:
    if shuffle:
        dataset = dataset.shuffle(size, seed)
    return dataset if epochs == 1 else dataset.repeat(epochs)


def make_batched_features_dataset(
    file_pattern: Any,
    batch_size: Any,
    features: Any,
    reader: Any = None,
    label_key: str | None = None,
    reader_args: Sequence[Any] | None = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    reader_num_threads: int | None = None,
    parser_num_threads: int | None = None,
    sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Dataset:
    """Batches of parsed `Example` messages from all files that match a pattern.

    Args:
        file_pattern: a pattern or a list of them.
        features: as in `tf.parse_example`.
        reader: makes a dataset of strings of a file's name, by default `TFRecordDataset`.
        label_key: the elements become (features, label), the label being the feature of this key.
        num_epochs: None repeats for ever; then all batches are full.
        shuffle_seed, shuffle_buffer_size: of the shuffling of files and of records.
        reader_num_threads, parser_num_threads: how many files, and batches, at a time.

    Raises:
        ValueError: `label_key` is no feature.
    """
    if label_key and label_key not in features:
        raise ValueError(f"`label_key` ({label_key}) must be one of the `features` keys: {list(features)}.")  # fmt: skip
    made = reader or TFRecordDataset
    names = Dataset.list_files(file_pattern, shuffle=shuffle, seed=shuffle_seed)
    dataset = _interleaved(
        names,
        lambda name: made(name, *(reader_args or ())),
        1 if reader_num_threads is None else reader_num_threads,
        sloppy_ordering,
    )
    if dataset.output_types == (string, string):
        dataset = dataset.map(lambda _, value: value)
    dataset = _shuffled_and_repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)  # fmt: skip
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    threads = 2 if parser_num_threads is None else parser_num_threads
    dataset = dataset.apply(parse_example_dataset(features, threads))
    if label_key:
        dataset = dataset.map(
            lambda found: ({k: v for k, v in found.items() if k != label_key}, found[label_key])
        )
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


def read_batch_features(
    file_pattern: Any,
    batch_size: Any,
    features: Any,
    reader: Any = None,
    reader_args: Sequence[Any] | None = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    capacity: int = 10000,
) -> Any:
    """The next batch of `make_batched_features_dataset`, as tensors (`contrib.data`)."""
    dataset = make_batched_features_dataset(
        file_pattern,
        batch_size,
        features,
        reader,
        reader_args=reader_args,
        shuffle=randomize_input,
        num_epochs=num_epochs,
        shuffle_buffer_size=capacity,
    )
    return dataset.make_one_shot_iterator().get_next()


# -- CSV -----------------------------------------------------------------------------------------


def make_csv_dataset(
    file_pattern: Any,
    batch_size: Any,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
) -> Dataset:
    """Batches of the rows of CSV files: a dict of columns, or (dict, label).

    Args:
        file_pattern: a pattern or a list of them.
        column_names: by default those in the first row of the files.
        column_defaults: for each column its type or default; by default inferred from the first
            `num_rows_for_inference` rows (None: all).
        label_name: the column that is the label.
        select_columns: numbers or names of the columns to read.
        num_epochs: None repeats for ever; then all batches are full.
        ignore_errors: leave out rows that cannot be read.

    Raises:
        NotFoundError: no file matches.
        ValueError: columns that do not exist, that occur twice, or differ between files.
    """
    names = _matching(file_pattern)
    rows = _Rows(names, field_delim, use_quote_delim, header, compression_type)
    if column_names is None:
        if not header:
            raise ValueError("Cannot infer column names without a header line.")
        column_names = rows.names()
    column_names = list(column_names)
    if len(set(column_names)) != len(column_names):
        raise ValueError("Cannot have duplicate column names.")
    selected = None if select_columns is None else _numbers(select_columns, column_names)
    if column_defaults is None:
        found = rows.types(len(column_names), selected, na_value, num_rows_for_inference)
        column_defaults = [[b""] if t is string else np.zeros(1, t.as_numpy_dtype) for t in found]
    else:
        column_defaults = [as_dtype(d) if isinstance(d, (DType, type)) else d for d in column_defaults]  # fmt: skip
    if selected is not None:
        column_names = [column_names[i] for i in selected]
    if label_name is not None and label_name not in column_names:
        raise ValueError("`label_name` provided must be one of the columns.")
    defaults = list(column_defaults)

    def read(name: Any) -> Dataset:
        dataset: Dataset = CsvDataset(
            name,
            record_defaults=defaults,
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=selected,
            header=header,
            compression_type=compression_type,
        )
        if ignore_errors:
            from tf1x.lib.data.experimental import ignore_errors as ignoring

            dataset = dataset.apply(ignoring())
        return dataset

    def named(*columns: Any) -> Any:
        features = OrderedDict(zip(column_names, columns, strict=True))
        return features if label_name is None else (features, features.pop(label_name))

    files = Dataset.from_tensor_slices(names)
    if shuffle:
        files = files.shuffle(len(names), shuffle_seed)
    number = 1 if num_parallel_reads is None else num_parallel_reads
    dataset = _interleaved(files, read, number, sloppy)
    dataset = _shuffled_and_repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)  # fmt: skip
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None).map(named)
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


def _matching(file_pattern: Any) -> list[str]:
    patterns = [file_pattern] if isinstance(file_pattern, (str, bytes)) else list(file_pattern)
    names = sorted({name for p in patterns for name in glob.glob(local_path(p))})
    if not names:
        raise NotFoundError(None, None, f"No files match {file_pattern!r}.")
    return names


def _numbers(columns: Sequence[Any], names: list[str]) -> list[int]:
    """Selected columns, given by number or name, as rising numbers."""
    if all(isinstance(c, (int, np.integer)) for c in columns):
        found = [int(c) for c in columns]
        if any(not 0 <= c < len(names) for c in found):
            raise ValueError(f"Invalid column numbers {found}: there are {len(names)} columns.")
    else:
        unknown = [c for c in columns if c not in names]
        if unknown:
            raise ValueError(f"Unknown columns {unknown}: there are {names}.")
        found = [names.index(c) for c in columns]
    if len(set(found)) != len(found):
        raise ValueError("Cannot have duplicate columns in select_columns.")
    return sorted(found)


class _Rows:
    """What the files say of their columns."""

    def __init__(
        self, names: list[str], delimiter: str, quoted: bool, header: bool, compression: str | None
    ) -> None:
        self._names, self._header, self._compression = names, header, compression
        quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        self._format: dict[str, Any] = {"delimiter": delimiter, "quoting": quoting}

    def _rows(self, name: str) -> Any:
        with text_of(name, self._compression or "") as file:
            yield from csv.reader(file, **self._format)

    def names(self) -> list[str]:
        """The column names, which all files must share."""
        first: list[str] = []
        for name in self._names:
            found = next(self._rows(name), None)
            if found is None:
                raise ValueError(f"Received StopIteration: {name} is empty.")
            if first and found != first:
                raise ValueError(f"Files have different column names in the header row: {first} and {found}.")  # fmt: skip
            first = found
        return first

    def types(
        self, count: int, selected: list[int] | None, missing: str, most: int | None
    ) -> list[DType]:
        """For each column the narrowest type that holds what is in the first rows."""
        numbers = range(count) if selected is None else selected
        found = dict.fromkeys(numbers, 0)
        left = most
        for name in self._names:
            rows = self._rows(name)
            if self._header:
                next(rows, None)
            for row in rows:
                if left == 0:
                    break
                left = None if left is None else left - 1
                if len(row) != count:
                    raise ValueError("Problem inferring types: CSV row has different number of fields than expected.")  # fmt: skip
                for i in numbers:
                    found[i] = _rank(row[i], missing, found[i])
        return [_TYPES[found[i]] for i in numbers]


_TYPES = (int32, int64, float32, float64, string)


def _rank(text: str, missing: str, least: int) -> int:
    """The first type, from `least` on, that holds a field."""
    if text in ("", missing):
        return least
    for rank in range(least, 4):
        dtype = _TYPES[rank]
        try:
            if dtype.is_integer:
                number = int(text)
                if (
                    np.iinfo(dtype.as_numpy_dtype).min
                    <= number
                    <= np.iinfo(dtype.as_numpy_dtype).max
                ):
                    return rank
            elif dtype is float64 or abs(float(text)) <= float(np.finfo(np.float32).max):
                float(text)
                return rank
        except ValueError:
            continue
    return 4


class TFRecordWriter:
    """Writes a dataset of strings to a TFRecord file.

    Args:
        filename: a Python string.
        compression_type: "", "GZIP" or "ZLIB".
    """

    def __init__(self, filename: Any, compression_type: str | None = None) -> None:
        self._filename, self._compression = filename, compression_type or ""

    def write(self, dataset: Dataset) -> Any:
        """An op that writes all elements.

        Raises:
            TypeError: they are not scalar strings.
        """
        if not isinstance(dataset, Dataset) or dataset.output_types is not string:
            raise TypeError("`dataset` must produce scalar `DT_STRING` tensors.")
        return DatasetToTFRecord(dataset._variant_tensor, self._filename, self._compression)
