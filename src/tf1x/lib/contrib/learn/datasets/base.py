"""CSV files, and the iris and Boston tables: `tf.contrib.learn.datasets.base`."""

from __future__ import annotations

import csv
import os
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.files import local_path, replacing
from tf1x.lib import mnist

Dataset = namedtuple("Dataset", "data target")
Datasets = mnist.Datasets


def _numpy(dtype: Any) -> Any:
    return dtype.as_numpy_dtype if isinstance(dtype, DType) else dtype


def _rows(filename: Any) -> Iterator[list[str]]:
    with open(local_path(filename), newline="", encoding="utf-8") as file:
        yield from csv.reader(file)


def load_csv_with_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """A CSV file whose first line starts with the numbers of its rows and of its features.

    Args:
        target_column: which column is the target.

    Raises:
        ValueError: the file does not keep to that; the message names the line.
    """
    rows = _rows(filename)
    header = next(rows, [])
    try:
        samples, features = int(header[0]), int(header[1])
    except (IndexError, ValueError) as error:
        raise ValueError(
            f"{filename}: the first line must start with the number of rows and of features: {header}"
        ) from error
    found = _read(filename, rows, target_dtype, features_dtype, target_column, first_line=2)
    if found.data.shape != (samples, features) and samples:
        raise ValueError(
            f"{filename}: {samples} rows of {features} features are announced, "
            f"{found.data.shape[0]} of {found.data.shape[-1]} found"
        )
    return found


def load_csv_without_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """A CSV file of numbers.

    Args:
        target_column: which column is the target.

    Raises:
        ValueError: something is no number; the message names the line.
    """
    rows = _rows(filename)
    return _read(filename, rows, target_dtype, features_dtype, target_column, first_line=1)


def _read(
    filename: Any, rows: Any, target_dtype: Any, features_dtype: Any, column: int, first_line: int
) -> Dataset:
    data, target = [], []
    for line, row in enumerate(rows, first_line):
        if not row:
            continue
        try:
            target.append(np.asarray(row.pop(column), dtype=_numpy(target_dtype)))
            data.append(np.asarray(row, dtype=_numpy(features_dtype)))
            if len(data[-1]) != len(data[0]):
                raise ValueError(f"{len(data[-1])} features, not {len(data[0])}")
        except (ValueError, IndexError) as error:
            raise ValueError(f"{filename}, line {line}: {error}") from error
    return Dataset(np.array(data), np.array(target))


def shrink_csv(filename: str, ratio: int) -> None:
    """Write every `ratio`-th line to a file of that name with `_small` in it."""
    root, extension = os.path.splitext(local_path(filename))
    with open(local_path(filename), "rb") as file, replacing(f"{root}_small{extension}") as small:
        small.writelines(line for i, line in enumerate(file) if i % ratio == 0)


def load_iris(data_path: Any = None) -> Dataset:
    """The 150 irises of Fisher and Anderson: four lengths, three species.

    Args:
        data_path: a CSV file with a header; by default scikit-learn's copy.

    Raises:
        ValueError: no file is given, and scikit-learn is not installed.
    """
    if data_path is not None:
        return load_csv_with_header(data_path, np.int64, np.float64)
    try:
        from sklearn.datasets import load_iris as bundled
    except ImportError as error:
        raise ValueError(
            "The iris data comes from scikit-learn, which is not installed: `pip install "
            "scikit-learn`, or pass data_path, a CSV file."
        ) from error
    found = bundled()
    return Dataset(found.data, found.target.astype(np.int64))


def load_boston(data_path: Any = None) -> Dataset:
    """House prices around Boston: thirteen features of 506 districts.

    Args:
        data_path: a CSV file with a header; by default `$TF1X_DATA/boston_house_prices.csv`.

    Raises:
        ValueError: there is no file. (scikit-learn has removed it.)
    """
    path = data_path or os.path.join(os.environ.get("TF1X_DATA", ""), "boston_house_prices.csv")
    if not os.path.exists(local_path(path)):
        raise ValueError(
            f"{path} does not exist. tf1x ships no Boston data: pass data_path, or set TF1X_DATA to a "
            "folder with boston_house_prices.csv, as TensorFlow 1 had it (first line: 506,13,...)."
        )
    return _with_names(path)


def _with_names(path: Any) -> Dataset:
    """A file whose header is followed by a line of names."""
    rows = list(_rows(path))
    kept = [row for row in rows[1:] if row and _is_number(row[0])]
    return _read(path, iter(kept), np.float64, np.float64, -1, first_line=2)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """The path of a file in a folder, downloaded from an address if it is not there."""
    path: str = mnist.maybe_download(filename, work_directory, source_url)
    return path
