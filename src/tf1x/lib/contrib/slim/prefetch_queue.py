"""`slim.prefetch_queue`: a queue of batches that were put together beforehand."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import float32
from tf1x.lib.data_flow import FIFOQueue, PaddingFIFOQueue, QueueBase
from tf1x.lib.train.queue_runner import QueueRunner, add_queue_runner
from tf1x.ops.math import cast


def prefetch_queue(
    tensors: Any,
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> QueueBase:
    """A queue that threads fill with the values of `tensors`.

    Args:
        tensors: a list of tensors, or a dict: then `dequeue` gives dicts.
        capacity: of the queue.
        num_threads: how many threads compute the tensors.
        dynamic_pad: shapes may have unknown dimensions.
        shared_name: queues of a session with the same shared name are one.
    """
    names = sorted(tensors) if isinstance(tensors, dict) else None
    listed = [tensors[key] for key in names] if names else list(tensors)
    with scopes.name_scope(name, "prefetch_queue", listed) as scope:
        kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queue: QueueBase = kind(
            capacity, [t.dtype for t in listed], [t.shape for t in listed], names, shared_name
        )
        enqueue = queue.enqueue(tensors, name=scope)
        add_queue_runner(QueueRunner(queue, [enqueue] * num_threads))
        from tf1x.ops.summary_functions import scalar

        scalar(f"fraction_of_{capacity}_full", cast(queue.size(), float32) * (1.0 / capacity))
        return queue
