"""A bounded queue before the network: so many run at once, so many wait, the others are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Two at once keep two cores busy: one searches the grammar while the other's network runs.
RUNNING: Final = 2
WAITING: Final = 24
_PATIENCE: Final = 60.0  # seconds that one waits at most
RETRY_AFTER: Final = 5  # seconds


class OverloadedError(Exception):
    """Too many are waiting, or one has waited too long."""


class Gate:
    """Lets in `running` at once; `waiting` more may wait for their turn."""

    def __init__(
        self, running: int = RUNNING, waiting: int = WAITING, patience: float = _PATIENCE
    ) -> None:
        self._places = threading.Semaphore(running)
        self._queue = threading.Semaphore(running + waiting)
        self._patience = patience

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn, which ends with the block.

        Raises:
            OverloadedError: the queue is full, or the turn did not come in time.
        """
        if not self._queue.acquire(blocking=False):
            raise OverloadedError("too many requests are waiting; try again in a few seconds")
        try:
            if not self._places.acquire(timeout=self._patience):
                raise OverloadedError(f"no turn came within {self._patience:g} seconds")
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._queue.release()
