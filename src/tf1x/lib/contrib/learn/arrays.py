"""Feeding an estimator of `tf.contrib.learn` from arrays: `fit(x, y)` and the like."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.ops.array import placeholder


class ArrayFeeder:
    """Placeholders for features and labels, and batches of arrays for them.

    Args:
        x: an array, a list, a data frame, a dict of arrays, or an iterator of examples.
        y: the same of labels, or None.
        batch_size: by default all rows.
        shuffle: a new random order in each epoch (the same in each process).
        epochs: how often all rows are given; None: endlessly.

    Raises:
        ValueError: no row, a batch size below 1, or another number of labels than of examples.
    """

    def __init__(
        self, x: Any, y: Any, batch_size: int | None, shuffle: bool, epochs: int | None
    ) -> None:
        self._x, self._y = _arrays(x), None if y is None else _arrays(y)
        lengths = {len(a) for part in (self._x, self._y or {}) for a in part.values()}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"x and y must have rows, and the same number of them: {lengths}.")
        (self._length,) = lengths
        if batch_size is not None and batch_size <= 0:
            raise ValueError(f"Invalid batch_size {batch_size}.")
        self._batch_size = batch_size or self._length
        self._random = np.random.RandomState(42) if shuffle else None
        self._left = epochs
        self._order = self._new_order()
        self._offset = 0

    def _new_order(self) -> Any:
        if self._random is None:
            return np.arange(self._length)
        return self._random.permutation(self._length)

    def input_fn(self) -> tuple[Any, Any]:
        """The placeholders of features and labels."""
        self._fed: list[tuple[Any, Any]] = []

        def made(arrays: dict[str, Any], name: str) -> Any:
            found = {}
            for key, array in arrays.items():
                shape = [None, *array.shape[1:]]
                node = placeholder(dtypes.as_dtype(array.dtype), shape, name=name)
                self._fed.append((node, array))
                found[key] = node
            return found.get("", found)

        return made(self._x, "input"), None if self._y is None else made(self._y, "output")

    def feed(self) -> dict[Any, Any]:
        """The next batch as a feed_dict.

        Raises:
            StopIteration: all epochs were given.
        """
        if self._left is not None and self._left <= 0:
            raise StopIteration
        rows = self._order[self._offset : self._offset + self._batch_size]
        self._offset += self._batch_size
        if self._offset >= self._length:
            self._offset, self._order = 0, self._new_order()
            self._left = None if self._left is None else self._left - 1
        return {node: array[rows] for node, array in self._fed}


def _arrays(values: Any) -> dict[str, np.ndarray[Any, Any]]:
    if isinstance(values, dict):
        return {str(key): _array(value) for key, value in sorted(values.items())}
    return {"": _array(values)}


def _array(values: Any) -> np.ndarray[Any, Any]:
    if hasattr(values, "to_numpy"):  # pandas
        values = values.to_numpy()
    if hasattr(values, "__next__"):
        values = list(values)
    array = np.asarray(values)
    if array.dtype.kind == "f" and array.dtype.itemsize == 8:
        return array.astype(np.float32)
    return array.astype(object) if array.dtype.kind in "US" else array
