"""Batches by way of queues: `tf.train.batch`, `tf.train.shuffle_batch` and their kin.

Each makes a queue and a `QueueRunner` that fills it (`tf.train.start_queue_runners` starts them
all), and a summary of how full it is. Elements are lists of tensors or dicts of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.data_flow import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.lib.train.sparse_input import restore, store
from tf1x.ops import math
from tf1x.ops.array_select import dynamic_partition
from tf1x.ops.control_flow import smart_cond
from tf1x.ops.grouping import no_op
from tf1x.ops.math import cast


def _summarize(name: str, value: Tensor) -> None:
    from tf1x.ops.summary_functions import scalar

    scalar(name, value)


def _listed(tensors: Any) -> list[Any]:
    """The tensors of an element, those of a dict by the order of its keys."""
    if isinstance(tensors, dict):
        return [tensors[key] for key in sorted(tensors, key=str)]
    return list(tensors)


def _all_listed(tensors_list: Sequence[Any]) -> list[list[Any]]:
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    if isinstance(tensors_list[0], dict) and any(
        set(t) != set(tensors_list[0]) for t in tensors_list
    ):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return [_listed(t) for t in tensors_list]


def _as_given(tensors: Any, batch: Any) -> Any:
    """A dict where the element was one."""
    if not isinstance(tensors, dict):
        return batch
    listed = [batch] if len(tensors) == 1 else batch
    return dict(zip(sorted(tensors, key=str), listed, strict=True))


def _common_types(elements: list[list[Tensor]]) -> list[DType]:
    types = [t.dtype for t in elements[0]]
    for element in elements[1:]:
        if [t.dtype for t in element] != types:
            one, other = (", ".join(t.dtype.name for t in e) for e in (elements[0], element))
            raise TypeError(f"Expected types to be consistent: {one} vs. {other}.")
    return types


def _common_shapes(elements: list[list[Tensor]], enqueue_many: bool) -> list[Any]:
    for element in elements:
        for tensor in element:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
    shapes = []
    for tensors in zip(*elements, strict=True):
        given = [t.shape.with_rank_at_least(1)[1:] if enqueue_many else t.shape for t in tensors]
        for other in given[1:]:
            given[0].merge_with(other)
        shapes.append(given[0].as_list())
    return shapes


def _checked_keep_input(keep_input: Any, enqueue_many: bool) -> Tensor:
    keep: Tensor = convert.to_tensor(keep_input)
    rank = keep.shape.ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def _enqueue_op(
    queue: QueueBase, element: list[Tensor], enqueue_many: bool, keep_input: Tensor
) -> Any:
    enqueue = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep_input.shape.ndims == 1:
        which = cast(keep_input, int32)
        return enqueue([dynamic_partition(t, which, num_partitions=2)[1] for t in element])
    return smart_cond(keep_input, lambda: enqueue(element), no_op)


def _batches(
    scope_name: str,
    elements: Sequence[Any],
    threads: int | None,
    batch_size: Any,
    keep_input: Any,
    make_queue: Callable[..., QueueBase],
    capacity: int,
    at_least: int | None,
    enqueue_many: bool,
    shapes: Any,
    allow_smaller_final_batch: bool,
    shared_name: str | None,
    name: str | None,
) -> Any:
    """What all functions below do.

    Args:
        elements: one, enqueued by `threads` threads, or (`threads` is None) one for each thread.
        make_queue: from types, shapes and shared name.
        at_least: what a shuffling queue keeps, for the summary; None for another queue.
    """
    listed = _all_listed(elements) if threads is None else [_listed(elements[0])]
    flat = [tensor for element in listed for tensor in element]
    with scopes.name_scope(name, scope_name, [*flat, keep_input]) as scope:
        tensors = [_as_tensors(element) for element in listed]
        if not tensors[0]:
            raise ValueError("Expected at least one tensor in batch().")
        keep = _checked_keep_input(keep_input, enqueue_many)
        stored, sparse = store(tensors, enqueue_many, keep)
        types = _common_types(stored)
        queue = make_queue(
            types,
            _common_shapes(stored, enqueue_many) if shapes is None else shapes,
            shared_name,
        )
        enqueues = [_enqueue_op(queue, element, enqueue_many, keep) for element in stored]
        add_queue_runner(QueueRunner(queue, enqueues * (threads or 1)))
        size = queue.size()
        if at_least is not None:
            above = cast(math.Maximum(0, size - at_least), float32)
            full = f"fraction_over_{at_least}_of_{capacity - at_least}_full"
            _summarize(full, above * (1.0 / (capacity - at_least)))
        else:
            _summarize(f"fraction_of_{capacity}_full", cast(size, float32) * (1.0 / capacity))
        dequeue = queue.dequeue_up_to if allow_smaller_final_batch else queue.dequeue_many
        return _as_given(elements[0], restore(dequeue(batch_size, name=scope), sparse))


def _as_tensors(element: list[Any]) -> list[Any]:
    return [t if isinstance(t, SparseTensor) else convert.to_tensor(t) for t in element]


def _plain_queue(capacity: int, dynamic_pad: bool) -> Callable[..., QueueBase]:
    kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    return lambda types, shapes, shared: kind(capacity, types, shapes, shared_name=shared)


def _shuffling_queue(capacity: int, least: int, seed: int | None) -> Callable[..., QueueBase]:
    if capacity <= least:
        raise ValueError(f"capacity {capacity} must be bigger than min_after_dequeue {least}.")
    return lambda types, shapes, shared: RandomShuffleQueue(
        capacity, least, types, shapes, seed=seed, shared_name=shared
    )


def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch` of those elements for which `keep_input` is true.

    Args:
        keep_input: a bool tensor, a scalar, or with `enqueue_many` also a vector.
        The others are those of `batch`.
    """
    return _batches(
        "batch",
        [tensors],
        num_threads,
        batch_size,
        keep_input,
        _plain_queue(capacity, dynamic_pad),
        capacity,
        None,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches of the elements that `tensors` stand for, in the order of their arrival.

    Args:
        tensors: one element: a list of tensors (dense or sparse), or a dict.
        batch_size: an int or an int32 scalar tensor.
        num_threads: how many threads enqueue; with more than one the order is not fixed.
        capacity: of the queue.
        enqueue_many: `tensors` are many elements, along the first dimension.
        shapes: of an element's tensors, where they are not known.
        dynamic_pad: pad dimensions that vary with zeros (or "").
        allow_smaller_final_batch: when the input ends, give what is left; else it is dropped.
        shared_name: batches of a session with the same shared name use one queue.

    Returns:
        Tensors with a new first dimension: a list (a tensor where there is only one) or a dict.

    Raises:
        ValueError: the shape of a tensor is not known.

    Raises (when run):
        OutOfRangeError: the input is used up.
    """
    return maybe_batch(
        tensors,
        True,
        batch_size,
        num_threads,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch_join(
    tensors_list: Sequence[Any],
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch_join` of those elements for which `keep_input` is true."""
    return _batches(
        "batch_join",
        tensors_list,
        None,
        batch_size,
        keep_input,
        _plain_queue(capacity, dynamic_pad),
        capacity,
        None,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch` of elements from several sources, with one thread each.

    Args:
        tensors_list: for each source what `tensors` is for `batch`; types and shapes agree.

    Raises:
        TypeError: the types do not agree.
        ValueError: the shapes or the keys do not agree, or are not known.
    """
    return maybe_batch_join(
        tensors_list,
        True,
        batch_size,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch` of those elements for which `keep_input` is true."""
    return _batches(
        "shuffle_batch",
        [tensors],
        num_threads,
        batch_size,
        keep_input,
        _shuffling_queue(capacity, min_after_dequeue, seed),
        capacity,
        min_after_dequeue,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch` in random order.

    Args:
        min_after_dequeue: how many elements stay in the queue to be mixed with (until the input
            ends); `capacity` must be larger.
        seed: see `tf.set_random_seed`; the order is TensorFlow's for one thread.
        The others are those of `batch`.

    Raises:
        ValueError: `capacity` is too small, or the shape of a tensor is not known.
    """
    return maybe_shuffle_batch(
        tensors,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        num_threads,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch_join` of those elements for which `keep_input` is true."""
    return _batches(
        "shuffle_batch_join",
        tensors_list,
        None,
        batch_size,
        keep_input,
        _shuffling_queue(capacity, min_after_dequeue, seed),
        capacity,
        min_after_dequeue,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def shuffle_batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch` of elements from several sources, with one thread each."""
    return maybe_shuffle_batch_join(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )
