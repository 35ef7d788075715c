"""A queue that threads fill from arrays, a data frame or a generator."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tf1x.core import dtypes, errors, scopes
from tf1x.lib import logging
from tf1x.lib.data_flow import FIFOQueue, PaddingFIFOQueue, RandomShuffleQueue
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.ops import math, summary_functions
from tf1x.ops.array import placeholder
from tf1x.ops.math import cast


class FeedingQueueRunner(QueueRunner):
    """A queue runner that feeds each run with what a function of its thread returns."""

    def __init__(self, queue: Any, enqueue_ops: list[Any], feed_fns: list[Any]) -> None:
        ends = (errors.OutOfRangeError, errors.CancelledError)
        super().__init__(queue, enqueue_ops, queue_closed_exception_types=ends)
        self._feed_fns = dict(zip(enqueue_ops, feed_fns, strict=True))

    def _enqueuer(self, sess: Any, enqueue_op: Any) -> Callable[[], Any]:
        feed = self._feed_fns[enqueue_op]
        return lambda: sess.run(enqueue_op, feed_dict=feed())

    def to_proto(self, export_scope: str | None = None) -> None:
        """Nothing: what is fed is no part of the graph."""


class _Rows:
    """Feeds batches of rows, epoch after epoch, from a row drawn at random or the first."""

    def __init__(
        self,
        placeholders: list[Any],
        take: Callable[[np.ndarray[Any, Any]], list[Any]],
        length: int,
        batch_size: int,
        random_start: bool,
        seed: int | None,
        num_epochs: int | None,
    ) -> None:
        self._placeholders = placeholders
        self._take = take
        self._length = length
        self._batch_size = batch_size
        self._next = random.Random(seed).randrange(length) if random_start else 0
        self._left = None if num_epochs is None else num_epochs * length

    def __call__(self) -> dict[Any, Any]:
        count = self._batch_size if self._left is None else min(self._batch_size, self._left)
        if not count:
            raise errors.OutOfRangeError(None, None, "All epochs were emitted.")
        rows = (self._next + np.arange(count)) % self._length
        self._next = int(rows[-1] + 1) % self._length
        if self._left is not None:
            self._left -= count
        return dict(zip(self._placeholders, self._take(rows), strict=True))


class _Generated:
    """Feeds batches of what a generator yields, dicts of arrays."""

    def __init__(
        self,
        placeholders: list[Any],
        generator: Callable[[], Iterator[dict[str, Any]]],
        keys: list[str],
        batch_size: int,
        num_epochs: int | None,
        pad_value: Any,
    ) -> None:
        self._placeholders = placeholders
        self._generator = generator
        self._iterator = generator()
        self._keys = keys
        self._batch_size = batch_size
        self._left = num_epochs
        self._pad_value = pad_value

    def __call__(self) -> dict[Any, Any]:
        if self._left is not None and self._left <= 0:
            raise errors.OutOfRangeError(None, None, "All epochs were emitted.")
        columns: list[list[Any]] = [[] for _ in self._keys]
        # As many values as `batch_size` says, all columns counted.
        while sum(map(len, columns)) < self._batch_size:
            try:
                row = next(self._iterator)
            except StopIteration:
                self._left = None if self._left is None else self._left - 1
                self._iterator = self._generator()
                row = next(self._iterator)
            for key, column in zip(self._keys, columns, strict=True):
                if key not in row:
                    raise KeyError(
                        f"key mismatch between dicts emitted by GenFun Expected {self._keys} keys; "
                        f"got {row.keys()}"
                    )
                column.append(row[key])
        pad = self._pad_value
        arrays = [np.asarray(c if pad is None else _padded(c, pad)) for c in columns]
        return dict(zip(self._placeholders, arrays, strict=True))


def _padded(items: list[Any], value: Any) -> Any:
    """The arrays, filled up along the last axis to the longest."""
    arrays = [np.asarray(item) for item in items]
    if len({array.shape[:-1] if array.ndim else None for array in arrays}) > 1:
        raise ValueError("Array shapes must match.")
    if not arrays[0].ndim:
        return arrays
    longest = max(array.shape[-1] for array in arrays)
    made = np.full((len(arrays), *arrays[0].shape[:-1], longest), value, arrays[0].dtype)
    for row, array in zip(made, arrays, strict=True):
        row[..., : array.shape[-1]] = array
    return made


def _columns(data: Any) -> tuple[list[Any], list[Any], Any, int]:
    """Types and shapes of the columns, the row's number first; a function of row numbers; the length."""
    if isinstance(data, np.ndarray):
        data = {"": data}
    if isinstance(data, dict):
        arrays = list(data.values())
        types = [dtypes.int64, *(dtypes.as_dtype(array.dtype) for array in arrays)]
        shapes = [(), *(array.shape[1:] for array in arrays)]
        if len({len(array) for array in arrays}) > 1:
            raise ValueError("Array lengths must match.")
        return types, shapes, lambda rows: [rows, *(a[rows] for a in arrays)], len(arrays[0])
    if hasattr(data, "iloc"):  # a data frame
        kinds = [data.index.dtype, *data.dtypes]

        def take(rows: Any) -> list[Any]:
            part = data.iloc[rows]
            return [part.index.values, *(part[column].values for column in part.columns)]

        return [dtypes.as_dtype(kind) for kind in kinds], [() for _ in kinds], take, len(data)
    raise TypeError(
        "data must be either a numpy array or pandas DataFrame if pandas is installed; got "
        f"{type(data).__name__}"
    )


def enqueue_data(
    data: Any,
    capacity: int,
    shuffle: bool = False,
    min_after_dequeue: float | None = None,
    num_threads: int = 1,
    seed: int | None = None,
    name: str = "enqueue_input",
    enqueue_size: int = 1,
    num_epochs: int | None = None,
    pad_value: Any = None,
) -> Any:
    """A queue of the rows of `data`, filled by queue runners.

    Args:
        data: an array or a dict of arrays (the queue's first component is then the row's number), a
            data frame (its index comes first), or a function that returns a generator of dicts.
        shuffle: the order is random, mixed with at least `min_after_dequeue` rows.
        num_threads: how many threads read all of it.
        enqueue_size: how many rows are added at a time.
        num_epochs: how often all of it is read, by each thread; None: endlessly.
        pad_value: what fills up arrays of a generator that differ in length.

    Raises:
        TypeError: data of another kind.
        ValueError: padding with anything but a generator, or with shuffling.
    """
    with scopes.name_scope(name):
        keys: list[str] = []
        take: Any = None
        length = 0
        if callable(data):
            first = next(data())
            keys = sorted(first)
            types = [dtypes.as_dtype(np.asarray(first[key]).dtype) for key in keys]
            shapes = [np.shape(first[key]) for key in keys]
        else:
            types, shapes, take, length = _columns(data)
        if pad_value is not None and (not keys or shuffle):
            raise ValueError(
                "Only what a generator yields can be padded, and not if it is shuffled."
            )
        if num_threads > 1 and (num_epochs is not None or not shuffle):
            logging.warning(
                "enqueue_data was called with num_threads > 1: each thread reads all of the data in "
                "order, num_epochs times; without shuffling, rows come in no fixed order."
            )
        kept = 0
        if shuffle:
            kept = int(capacity / 4 if min_after_dequeue is None else min_after_dequeue)
            queue: Any = RandomShuffleQueue(capacity, kept, types, shapes, seed=seed)
        elif pad_value is not None:
            shapes = [(*shape[:-1], None) if shape else () for shape in shapes]
            queue = PaddingFIFOQueue(capacity, types, shapes)
        else:
            queue = FIFOQueue(capacity, types, shapes)
        enqueue_ops, feed_fns = [], []
        for thread in range(num_threads):
            fed = [placeholder(kind) for kind in types]
            enqueue_ops.append(queue.enqueue_many(fed))
            if keys:
                feed: Any = _Generated(fed, data, keys, enqueue_size, num_epochs, pad_value)
            else:
                own_seed = None if seed is None else (thread + 1) * seed
                feed = _Rows(fed, take, length, enqueue_size, shuffle, own_seed, num_epochs)
            feed_fns.append(feed)
        add_queue_runner(FeedingQueueRunner(queue, enqueue_ops, feed_fns))
        above = math.Maximum(0, queue.size() - kept)
        full = cast(above, dtypes.float32) * (1.0 / (capacity - kept))
        what = f"queue/{queue.name}fraction_over_{kept}_of_{capacity - kept}_full"
        summary_functions.scalar(what, full)
        return queue
