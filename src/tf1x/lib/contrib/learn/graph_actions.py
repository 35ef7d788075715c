"""`tf.contrib.learn.run_n` and `run_feeds`: values of a graph's tensors, in a session of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.train.coordinator import Coordinator
from tf1x.lib.train.queue_runner import start_queue_runners
from tf1x.lib.train.saver import get_saver_or_default
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.variable_functions import (
    global_variables_initializer,
    local_variables_initializer,
)
from tf1x.ops.grouping import group
from tf1x.runtime.session import Session


def run_n(
    output_dict: dict[str, Any],
    feed_dict: Any = None,
    restore_checkpoint_path: Any = None,
    n: int = 1,
) -> list[dict[str, Any]]:
    """The values of tensors in `n` runs.

    Args:
        output_dict: tensors by name.
        restore_checkpoint_path: a checkpoint to start from; by default variables are initialised.
    """
    return run_feeds(output_dict, [feed_dict] * n, restore_checkpoint_path)


def run_feeds(
    output_dict: dict[str, Any], feed_dicts: Any, restore_checkpoint_path: Any = None
) -> list[dict[str, Any]]:
    """The values of tensors, one run for each feed_dict."""
    return list(run_feeds_iter(output_dict, feed_dicts, restore_checkpoint_path))


def run_feeds_iter(
    output_dict: dict[str, Any], feed_dicts: Any, restore_checkpoint_path: Any = None
) -> Iterator[dict[str, Any]]:
    """`run_feeds`, one by one.

    Raises:
        ValueError: no tensors or no feed_dicts.
    """
    if not output_dict:
        raise ValueError(f"output_dict is invalid: {output_dict}.")
    if not feed_dicts:
        raise ValueError(f"feed_dicts is invalid: {feed_dicts}.")
    first = next(iter(output_dict.values()))
    graph = first.graph if isinstance(first, Tensor) else first.op.graph
    with graph.as_default():
        local = Scaffold.default_local_init_op()
        init = group(global_variables_initializer(), local_variables_initializer(), local)
        saver = get_saver_or_default() if restore_checkpoint_path else None
        with Session() as session:
            if saver is None:
                session.run(init)
            else:
                saver.restore(session, restore_checkpoint_path)
                session.run(local)
            coord = Coordinator()
            threads = start_queue_runners(session, coord=coord) if _has_queues(graph) else []
            try:
                for feed_dict in feed_dicts:
                    yield session.run(output_dict, feed_dict)
            finally:
                coord.request_stop()
                coord.join(threads, ignore_live_threads=True)


def _has_queues(graph: Any) -> bool:
    return bool(graph.get_collection("queue_runners"))
