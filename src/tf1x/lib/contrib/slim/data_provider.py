"""`slim.data_provider` and `slim.dataset_data_provider`: items by name, one record at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tf1x.lib.contrib.slim.dataset import Dataset
from tf1x.lib.contrib.slim.parallel_reader import parallel_read


class DataProvider:
    """Gives tensors by the names of their items.

    Args:
        items_to_tensors: the tensors.
        num_samples: how many records there are, or None.
    """

    def __init__(self, items_to_tensors: Mapping[str, Any], num_samples: int | None) -> None:
        self._items_to_tensors = items_to_tensors
        self._num_samples = num_samples

    def get(self, items: Sequence[str]) -> list[Any]:
        """The tensors of the named items.

        Raises:
            ValueError: an item is not known.
        """
        unknown = [item for item in items if item not in self._items_to_tensors]
        if unknown:
            raise ValueError(f"Items {unknown} are not among {self.list_items()}.")
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> list[str]:
        return list(self._items_to_tensors)

    def num_samples(self) -> int | None:
        return self._num_samples


class DatasetDataProvider(DataProvider):
    """The items of a dataset's records, read by queues; `record_key` is where a record came from.

    Args:
        dataset: a `slim.dataset.Dataset`.
        num_readers: threads that read at once.
        reader_kwargs: arguments for the dataset's reader.
        shuffle: mix files and records.
        num_epochs: how often to go through the files; None: without end.
        common_queue_capacity, common_queue_min: of the queue of records.
        record_key: the item's name.
        seed: for mixing.
        scope: a name for the nodes.

    Raises:
        ValueError: the decoder has an item called `record_key` itself.
    """

    def __init__(
        self,
        dataset: Dataset,
        num_readers: int = 1,
        reader_kwargs: dict[str, Any] | None = None,
        shuffle: bool = True,
        num_epochs: int | None = None,
        common_queue_capacity: int = 256,
        common_queue_min: int = 128,
        record_key: str = "record_key",
        seed: int | None = None,
        scope: str | None = None,
    ) -> None:
        key, data = parallel_read(
            dataset.data_sources,
            reader_class=dataset.reader,
            num_epochs=num_epochs,
            num_readers=num_readers,
            reader_kwargs=reader_kwargs,
            shuffle=shuffle,
            capacity=common_queue_capacity,
            min_after_dequeue=common_queue_min,
            seed=seed,
            scope=scope,
        )
        items = list(dataset.decoder.list_items())
        if record_key in items:
            raise ValueError(
                f"The dataset has an item called {record_key!r}: give record_key another name."
            )
        tensors = dict(zip(items, dataset.decoder.decode(data, items), strict=True))
        super().__init__({**tensors, record_key: key}, dataset.num_samples)
