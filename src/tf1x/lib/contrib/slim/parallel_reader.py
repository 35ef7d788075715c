"""`slim.parallel_reader`: several readers fill one queue."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import float32, string
from tf1x.core.operation import Tensor
from tf1x.lib import gfile
from tf1x.lib.data_flow import FIFOQueue, QueueBase, RandomShuffleQueue
from tf1x.lib.readers import ReaderBase
from tf1x.lib.train.producers import string_input_producer
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.ops.math import cast
from tf1x.ops.math_functions import add_n


class ParallelReader(ReaderBase):
    """Several readers, each with a thread of its own, that put their records into one queue.

    Args:
        reader_class: e.g. `tf.TFRecordReader`.
        common_queue: takes (key, value); records of different files come mixed.
        num_readers: how many readers.
        reader_kwargs: arguments for `reader_class`.

    Raises:
        TypeError: the queue does not hold two strings.
    """

    def __init__(
        self,
        reader_class: Any,
        common_queue: QueueBase,
        num_readers: int = 4,
        reader_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if common_queue.dtypes != [string, string]:
            raise TypeError("common_queue.dtypes must be [tf.string, tf.string]")
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def num_readers(self) -> int:
        return len(self._readers)

    @property
    def common_queue(self) -> QueueBase:
        return self._common_queue

    def read(self, queue: QueueBase | Tensor, name: str | None = None) -> Any:
        """The next record (key, value) of the common queue; a queue runner fills it."""
        enqueues = [self._common_queue.enqueue(r.read(queue)) for r in self._readers]
        add_queue_runner(QueueRunner(self._common_queue, enqueues))
        return self._common_queue.dequeue(name=name)

    def read_up_to(
        self, queue: QueueBase | Tensor, num_records: Any, name: str | None = None
    ) -> Any:
        """Up to `num_records` records of the common queue: keys and values."""
        enqueues = [
            self._common_queue.enqueue_many(r.read_up_to(queue, num_records)) for r in self._readers
        ]
        add_queue_runner(QueueRunner(self._common_queue, enqueues))
        return self._common_queue.dequeue_up_to(num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records all readers have given."""
        total: Tensor = add_n([r.num_records_produced() for r in self._readers], name=name)
        return total

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many files all readers have come to the end of."""
        total: Tensor = add_n([r.num_work_units_completed() for r in self._readers], name=name)
        return total


def parallel_read(
    data_sources: Any,
    reader_class: Any,
    num_epochs: int | None = None,
    num_readers: int = 4,
    reader_kwargs: dict[str, Any] | None = None,
    shuffle: bool = True,
    dtypes: Any = None,
    capacity: int = 256,
    min_after_dequeue: int = 128,
    seed: int | None = None,
    scope: str | None = None,
) -> Any:
    """Records (key, value) of many files, read by several readers at once.

    Args:
        data_sources: a pattern of file names, or a list of those.
        num_epochs: how often each file is read.
        shuffle: whether files and records come in random order.
        dtypes: of the common queue, [tf.string, tf.string] by default.
        capacity, min_after_dequeue: of the common queue.
    """
    files = get_data_files(data_sources)
    with scopes.name_scope(scope or "parallel_read"):
        names = string_input_producer(
            files, num_epochs=num_epochs, shuffle=shuffle, seed=seed, name="filenames"
        )
        types = dtypes or [string, string]
        queue: QueueBase
        if shuffle:
            queue = RandomShuffleQueue(
                capacity, min_after_dequeue, types, seed=seed, name="common_queue"
            )
        else:
            queue = FIFOQueue(capacity, types, name="common_queue")
        from tf1x.ops.summary_functions import scalar

        scalar(f"fraction_of_{capacity}_full", cast(queue.size(), float32) * (1.0 / capacity))
        return ParallelReader(reader_class, queue, num_readers, reader_kwargs).read(names)


def single_pass_read(
    data_sources: Any,
    reader_class: Any,
    reader_kwargs: dict[str, Any] | None = None,
    scope: str | None = None,
) -> Any:
    """Records (key, value) of files, once and in their order."""
    files = get_data_files(data_sources)
    with scopes.name_scope(scope or "single_pass_read"):
        names = string_input_producer(
            files, num_epochs=1, shuffle=False, capacity=1, name="filenames"
        )
        return reader_class(**(reader_kwargs or {})).read(names)


def get_data_files(data_sources: Any) -> list[str]:
    """The files that a pattern stands for, or a list of patterns and names.

    Raises:
        ValueError: there are none.
    """
    if isinstance(data_sources, (list, tuple)):
        files = [name for source in data_sources for name in get_data_files(source)]
    elif any(character in data_sources for character in "*?["):
        files = gfile.get_matching_files(data_sources)
    else:
        files = [data_sources]
    if not files:
        raise ValueError(f"No data files found in {data_sources}")
    return files
