"""`slim.queues`: the queue runners of a graph for the length of a `with` block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.train.coordinator import Coordinator
from tf1x.runtime.session import BaseSession

_entered = threading.Lock()


class NestedQueueRunnerError(Exception):
    """A `QueueRunners` block within another."""


@contextmanager
def QueueRunners(session: BaseSession) -> Iterator[None]:
    """Run the threads of the graph's queue runners within the block; they end with it.

    Raises:
        NestedQueueRunnerError: within another such block.
        the exception that a thread ended with, at the end.
    """
    if not _entered.acquire(blocking=False):
        raise NestedQueueRunnerError("QueueRunners cannot be nested")
    try:
        coord = Coordinator()
        threads = []
        for runner in scopes.get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS):
            threads += runner.create_threads(session, coord, daemon=True, start=True)
        try:
            yield
        finally:
            coord.request_stop()
            try:
                coord.join(threads, stop_grace_period_secs=120)
            except RuntimeError:  # some still run
                session.close()
    finally:
        _entered.release()
