"""`tf.contrib.training.bucket`: batches of elements of one kind, such as sequences of about one length."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32
from tf1x.core.errors import CancelledError, OutOfRangeError
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.core.static import constant_value
from tf1x.lib.data_flow import FIFOQueue, PaddingFIFOQueue
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.lib.train.sparse_input import restore, store
from tf1x.ops import math, reduce, summary_functions
from tf1x.ops.array_select import where
from tf1x.ops.control_flow import cond, smart_cond
from tf1x.ops.grouping import group, no_op
from tf1x.ops.math import cast

_ENDS = (OutOfRangeError, CancelledError)


def bucket(
    tensors: Any,
    which_bucket: Any,
    batch_size: Any,
    num_buckets: int,
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Any = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Batches whose elements all have the same bucket.

    Args:
        tensors: one element: a tensor, a list or a dict of them.
        which_bucket: an int32 scalar, the element's bucket.
        batch_size: of all buckets, or a list with one for each.
        num_buckets: how many there are.
        num_threads: how many threads enqueue.
        capacity: how many elements each bucket, and how many batches the last queue holds.
        bucket_capacities: the same for each bucket.
        shapes: of an element's tensors, where they are not known.
        dynamic_pad: pad dimensions that vary with zeros (or "").
        allow_smaller_final_batch: when the input ends, give what is left; else it is dropped.
        keep_input: a bool scalar; elements for which it is false are dropped.

    Returns:
        the bucket, and the batch in the form of `tensors`.

    Raises:
        ValueError: lists of another length than `num_buckets`, or a bucket smaller than its batches.
    """
    sizes = _for_each(batch_size, num_buckets, "batch_size")
    room = _for_each(bucket_capacities or capacity, num_buckets, "bucket_capacities")
    listed = list(tensors.values()) if isinstance(tensors, dict) else tensors
    listed = list(listed) if isinstance(listed, (list, tuple)) else [listed]
    if not listed:
        raise ValueError("Expected at least one tensor in bucket().")
    with scopes.name_scope(name, "bucket", listed):
        element = [t if isinstance(t, SparseTensor) else convert.to_tensor(t) for t in listed]
        keep = convert.to_tensor(keep_input)
        (stored,), sparse = store([element], False, keep)
        static = [_static(convert.to_tensor(size, int32, name="batch_size")) for size in sizes]
        for size, limit in zip(static, room, strict=True):
            if isinstance(size, int) and size > limit:
                raise ValueError(f"A bucket of {limit} elements has no room for batches of {size}.")
        types = [t.dtype for t in stored]
        dims = [t.shape for t in stored] if shapes is None else shapes
        which = convert.to_tensor(which_bucket, int32, name="which_bucket")
        kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queues = [
            kind(
                limit,
                types,
                dims,
                shared_name=f"{shared_name}_{i}" if shared_name else None,
                name=f"bucket_queue_{i}",
            )
            for i, limit in enumerate(room)
        ]
        known = {size for size in static if isinstance(size, int)}
        same = len(known) == 1 and all(isinstance(size, int) for size in static)
        first = static[0] if same and not allow_smaller_final_batch else None
        batched = [[first, *shape.as_list()] for shape in queues[0].shapes]
        top = PaddingFIFOQueue(
            capacity, [int32, *types], [[], *batched], shared_name=shared_name, name="top_queue"
        )

        def enqueue() -> Any:
            ways = [
                cond(math.Equal(which, i), lambda q=q: q.enqueue(stored), no_op)
                for i, q in enumerate(queues)
            ]
            return group(*ways, name="group_enqueues")

        enqueues = [smart_cond(keep, enqueue, no_op)] * num_threads
        add_queue_runner(
            QueueRunner(
                queues[0],
                enqueues,
                close_op=group(*[q.close() for q in queues]),
                cancel_op=group(*[q.close(cancel_pending_enqueues=True) for q in queues]),
                queue_closed_exception_types=_ENDS,
            )
        )
        moves = []
        for i, (q, size) in enumerate(zip(queues, static, strict=True)):
            take = q.dequeue_up_to if allow_smaller_final_batch else q.dequeue_many
            taken = take(size, name=f"read_bucket_{i}")
            taken = list(taken) if isinstance(taken, (list, tuple)) else [taken]
            number = convert.constant(i, int32)
            moves.append(top.enqueue([number, *taken], name=f"enqueue_from_bucket_{i}"))
        add_queue_runner(QueueRunner(top, moves, queue_closed_exception_types=_ENDS))
        for q in queues:
            summary_functions.scalar(f"bucket/{q.name}/size", cast(q.size(), float32))
        full = cast(top.size(), float32) * (1.0 / capacity)
        summary_functions.scalar(f"bucket/{top.name}/fraction_of_{capacity}_full", full)
        number, *taken = top.dequeue(name="dequeue_top")
        batch = restore(taken, sparse)
        batch = list(batch) if isinstance(batch, (list, tuple)) else [batch]
        if isinstance(tensors, dict):
            return number, dict(zip(tensors, batch, strict=True))
        return number, batch if isinstance(tensors, (list, tuple)) else batch[0]


def bucket_by_sequence_length(
    input_length: Any,
    tensors: Any,
    batch_size: Any,
    bucket_boundaries: list[int],
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Any = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Batches of sequences of about the same length.

    Args:
        input_length: an int32 scalar, the length of the sequence.
        bucket_boundaries: lengths at which the next bucket begins; one bucket more than these.
        The others are those of `bucket`.

    Returns:
        the lengths, and the batch in the form of `tensors`.

    Raises:
        TypeError: a boundary that is no int.
        ValueError: no boundaries, or they do not grow.
    """
    if not isinstance(bucket_boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {bucket_boundaries}")  # fmt: skip
    if not bucket_boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for one, other in itertools.pairwise(bucket_boundaries):
        if not isinstance(one, int) or not isinstance(other, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {one} and {other}")
        if one >= other:
            raise ValueError(f"Buckets must contain sequential increasing lengths, but saw: {one} before {other}")  # fmt: skip
    keys = list(tensors) if isinstance(tensors, dict) else None
    listed = list(tensors.values()) if isinstance(tensors, dict) else tensors
    single = not isinstance(listed, (list, tuple))
    listed = [listed] if single else list(listed)
    with scopes.name_scope(name, "bucket_by_sequence_length", [input_length, *listed]):
        length = convert.to_tensor(input_length, int32)
        bounds = np.iinfo(np.int32)
        least = np.array([bounds.min, *bucket_boundaries], np.int32)
        most = np.array([*bucket_boundaries, bounds.max], np.int32)
        inside = math.LogicalAnd(math.LessEqual(least, length), math.Less(length, most))
        which = cast(reduce.reduce_min(where(inside)), int32)
        _, batch = bucket(
            [length, *listed],
            which,
            batch_size,
            len(bucket_boundaries) + 1,
            num_threads,
            capacity,
            bucket_capacities,
            None if shapes is None else [[], *shapes],
            dynamic_pad,
            allow_smaller_final_batch,
            keep_input,
            shared_name,
        )
        lengths, *rest = batch
        if keys is not None:
            return lengths, dict(zip(keys, rest, strict=True))
        return lengths, rest[0] if single else rest


def _for_each(value: Any, count: int, what: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"If {what} is a list it must have num_buckets elements: {len(value)}.")
    return list(value)


def _static(size: Any) -> Any:
    value = constant_value(size)
    return size if value is None else int(value)
