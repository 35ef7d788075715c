"""`tf.contrib.tpu.rewrite` and its kin: computations for a TPU, on the device that there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Operation
from tf1x.ops.array import identity
from tf1x.ops.control_flow import while_loop as _while_loop
from tf1x.ops.grouping import no_op


def initialize_system(embedding_config: Any = None, job: Any = None) -> Any:
    """A string tensor, empty: there is no TPU whose topology it could tell."""
    return convert.constant(b"", name="ConfigureDistributedTPU")


def shutdown_system(job: Any = None) -> Operation:
    """An op that does nothing."""
    made: Operation = no_op(name="ShutdownDistributedTPU")
    return made


def rewrite(
    computation: Callable[..., Any], inputs: Any = None, infeed_queue: Any = None, **_: Any
) -> Any:
    """The outputs of `computation(*inputs)`; an op where there are none.

    Raises:
        UnsupportedError: there is an infeed queue.
    """
    if infeed_queue is not None:
        raise UnsupportedError("tf.contrib.tpu.rewrite(infeed_queue=...): pass inputs instead.")
    found = computation(*(inputs or []))
    if found is None or isinstance(found, Operation):
        return found if found is not None else no_op()
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    return [x if isinstance(x, Operation) else identity(x) for x in found]


def batch_parallel(
    computation: Callable[..., Any], inputs: Any = None, num_shards: int = 1, **options: Any
) -> Any:
    """`rewrite`, for one shard.

    Raises:
        UnsupportedError: several shards.
    """
    if num_shards != 1:
        raise UnsupportedError(
            f"tf.contrib.tpu.batch_parallel(num_shards={num_shards}): tf1x has one replica."
        )
    return rewrite(computation, inputs, **options)


def while_loop(
    condition: Callable[..., Any],
    body: Callable[..., Any],
    inputs: Any = None,
    infeed_queue: Any = None,
    name: str | None = None,
) -> Any:
    """`tf.while_loop` over a list of tensors.

    Raises:
        UnsupportedError: there is an infeed queue.
    """
    if infeed_queue is not None:
        raise UnsupportedError("tf.contrib.tpu.while_loop(infeed_queue=...): pass inputs instead.")
    return _while_loop(condition, body, [convert.to_tensor(x) for x in inputs or []], name=name)


def repeat(
    n: Any,
    body: Callable[..., Any],
    inputs: Any = None,
    infeed_queue: Any = None,
    name: str | None = None,
) -> Any:
    """The inputs after `n` times `body(*inputs)`."""
    start = [0, *(inputs or [])]

    def step(i: Any, *values: Any) -> Any:
        found = body(*values)
        found = (
            list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]
        )
        return [i + 1, *found]

    found = while_loop(lambda i, *_: i < n, step, start, infeed_queue, name)
    rest = list(found[1:]) if isinstance(found, (list, tuple)) else []
    return rest[0] if len(rest) == 1 else rest
