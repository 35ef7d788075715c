"""Queues that produce the elements of a tensor again and again: `tf.train.string_input_producer`, ...

Each makes a queue and a `QueueRunner` that fills it (`tf.train.start_queue_runners` starts them
all), and a summary of how full it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int64, string
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import as_shape
from tf1x.lib.data_flow import FIFOQueue
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.lib.variables import Variable
from tf1x.ops import math
from tf1x.ops.array import Identity, range_, shape, size
from tf1x.ops.array_gather import gather
from tf1x.ops.checks import Assert
from tf1x.ops.math import cast
from tf1x.ops.random import random_shuffle


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A local variable with the paths that match a pattern, or one of several.

    Run `tf.local_variables_initializer()`, which looks for the files.
    """
    from tf1x.ops.file_io import matching_files

    with scopes.name_scope(name, "matching_filenames", [pattern]) as scope:
        return Variable(
            name=scope,
            initial_value=matching_files(pattern),
            trainable=False,
            validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Tensor:
    """`tensor`, which can be computed `num_epochs` times (any number of times for None).

    The count is a local variable, "epochs": run `tf.local_variables_initializer()`.

    Raises:
        ValueError: `num_epochs` is not positive.

    Raises (when run):
        OutOfRangeError: it was computed so often.
    """
    if num_epochs is None:
        return tensor  # type: ignore[no-any-return]
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with scopes.name_scope(name, "limit_epochs", [tensor]) as scope:
        epochs = Variable(
            convert.constant(0, int64),
            name="epochs",
            trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )
        counted = epochs.count_up_to(num_epochs)
        with scopes.control_dependencies([counted]):
            result: Tensor = Identity(tensor, name=scope)
        return result


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Operation | None = None,
) -> FIFOQueue:
    """A queue of the rows of a tensor, again and again.

    Args:
        element_shape: of a row, where `input_tensor` does not tell.
        num_epochs: how often each row is produced; then `tf.errors.OutOfRangeError`.
        shuffle, seed: whether to shuffle the rows within each epoch.
        capacity: of the queue.
        summary_name: of the summary of how full the queue is.
        cancel_op: closes the queue in place of the one made here.

    Raises:
        ValueError: the shape of a row is not known.
    """
    with scopes.name_scope(name, "input_producer", [input_tensor]):
        rows = convert.to_tensor(input_tensor, name="input_tensor")
        row_shape = rows.shape[1:].merge_with(as_shape(element_shape))
        if not row_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must "
                "be specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(
            capacity,
            [rows.dtype.base_dtype],
            [row_shape],
            shared_name=shared_name,
            name=name,  # type: ignore[arg-type]
        )
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([rows])], cancel_op=cancel_op))
        if summary_name is not None:
            from tf1x.ops.summary_functions import scalar

            scalar(summary_name, cast(queue.size(), float32) * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Operation | None = None,
) -> FIFOQueue:
    """A queue of strings, file names for a reader mostly; see `input_producer`.

    Raises:
        ValueError: `string_tensor` is an empty list.

    Raises (when run):
        InvalidArgumentError: it is an empty tensor.
    """
    empty = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not len(string_tensor):
        raise ValueError(empty)
    with scopes.name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert.to_tensor(string_tensor, string)
        with scopes.control_dependencies([Assert(math.Greater(size(strings), 0), [empty])]):
            strings = Identity(strings)
        return input_producer(
            strings,
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
            cancel_op,
        )


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of the integers 0 to `limit` - 1; see `input_producer`."""
    with scopes.name_scope(name, "input_producer", [limit]) as scope:
        numbers = range_(limit)
        full = f"fraction_of_{capacity}_full"
        return input_producer(
            numbers, [], num_epochs, shuffle, seed, capacity, shared_name, full, scope
        )


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """One row of each tensor in a list, all at the same index; see `input_producer`.

    Raises:
        ValueError: the list is empty.
    """
    with scopes.name_scope(name, "input_producer", tensor_list):
        tensors = convert.convert_n_to_tensor(tensor_list)
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        count = shape(tensors[0])[0]
        queue = range_input_producer(count, num_epochs, shuffle, seed, capacity, shared_name)
        index = queue.dequeue()
        return [gather(t, index) for t in tensors]
