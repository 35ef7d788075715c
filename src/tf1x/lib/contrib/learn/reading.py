"""Batches from record files through queues: `tf.contrib.learn.io.read_batch_examples` and kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.lib import gfile
from tf1x.lib.readers import TFRecordReader
from tf1x.lib.train.input import batch, shuffle_batch
from tf1x.lib.train.producers import string_input_producer
from tf1x.ops.parsing_functions import parse_example


def _files(file_pattern: Any, randomized: bool) -> list[str]:
    """The files that match; in order unless they will be mixed anyway.

    Raises:
        ValueError: none, or a list with a pattern that matches none.
    """
    patterns = file_pattern if isinstance(file_pattern, (list, tuple)) else [file_pattern]
    found: list[str] = []
    for pattern in patterns:
        matching = gfile.get_matching_files(pattern)
        if not matching:
            raise ValueError(f"No files match {pattern}.")
        found += matching
    return found if randomized else sorted(found)


def read_batch_examples(
    file_pattern: Any,
    batch_size: int,
    reader: Callable[[], Any],
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10000,
    num_threads: int = 1,
    read_batch_size: int = 1,
    parse_fn: Callable[[Any], Any] | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Any:
    """Batches of records (strings [batch]), read by queue runners.

    Args:
        file_pattern: a pattern, or a list of them.
        reader: makes a reader, e.g. `tf.TFRecordReader`.
        randomize_input: mix files and records.
        num_epochs: how often to read all; then OutOfRangeError. The last batch may be smaller.
        parse_fn: applied to each record before it is queued.

    Raises:
        ValueError: no files match, or the sizes do not go together.
    """
    if batch_size is None or batch_size <= 0 or batch_size > queue_capacity:
        raise ValueError(f"Invalid batch_size {batch_size}, with queue_capacity {queue_capacity}.")
    if num_epochs is not None and num_epochs <= 0:
        raise ValueError(f"Invalid num_epochs {num_epochs}.")
    with scopes.name_scope(name, "read_batch_examples", [file_pattern]) as scope:
        files = _files(file_pattern, randomize_input)
        queue = string_input_producer(
            files, num_epochs=num_epochs, shuffle=randomize_input, name="file_names", seed=seed
        )
        record: Any = reader().read(queue)[1]
        if parse_fn is not None:
            record = parse_fn(record)
        options: dict[str, Any] = {
            "batch_size": batch_size,
            "num_threads": num_threads,
            "capacity": queue_capacity,
            "allow_smaller_final_batch": num_epochs is not None,
            "name": scope,
        }
        one = record if isinstance(record, dict) else [record]
        if not randomize_input:
            return batch(one, **options)
        after = queue_capacity // 2 if queue_capacity // 2 >= batch_size else 0
        return shuffle_batch(one, min_after_dequeue=after, seed=seed, **options)


def read_batch_features(
    file_pattern: Any,
    batch_size: int,
    features: dict[str, Any],
    reader: Callable[[], Any] = TFRecordReader,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10000,
    feature_queue_capacity: int = 100,
    reader_num_threads: int = 1,
    num_enqueue_threads: int = 2,
    parse_fn: Callable[[Any], Any] | None = None,
    name: str | None = None,
    read_batch_size: int | None = None,
) -> dict[str, Any]:
    """Batches of parsed `Example`s by feature; see `read_batch_examples` and `tf.parse_example`."""
    with scopes.name_scope(name, "read_batch_features", [file_pattern]):
        records = read_batch_examples(
            file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity,
            reader_num_threads, parse_fn=parse_fn,
        )  # fmt: skip
        parsed: dict[str, Any] = parse_example(records, features)
        return parsed


def read_batch_record_features(
    file_pattern: Any,
    batch_size: int,
    features: dict[str, Any],
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10000,
    reader_num_threads: int = 1,
    name: str = "dequeue_record_examples",
) -> dict[str, Any]:
    """`read_batch_features` of TFRecord files."""
    return read_batch_features(
        file_pattern, batch_size, features, TFRecordReader, randomize_input, num_epochs,
        queue_capacity, reader_num_threads=reader_num_threads, name=name,
    )  # fmt: skip
