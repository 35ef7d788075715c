"""`slim.dataset`: where records are, how to read and decode them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Dataset:
    """A description of records in files; reads nothing itself.

    Args:
        data_sources: files, as a pattern or a list.
        reader: a class such as `tf.TFRecordReader`.
        decoder: a `DataDecoder`.
        num_samples: how many records there are, or None.
        items_to_descriptions: for each item of the decoder, what it is.
        kwargs: further attributes (`num_classes`, ...).
    """

    def __init__(
        self,
        data_sources: Any,
        reader: Any,
        decoder: Any,
        num_samples: int | None,
        items_to_descriptions: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        own = {
            "data_sources": data_sources,
            "reader": reader,
            "decoder": decoder,
            "num_samples": num_samples,
            "items_to_descriptions": items_to_descriptions,
        }
        self.__dict__.update({**kwargs, **own})

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this slim.dataset.Dataset was made without {name!r}")
