"""The queue before the network."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from data2vis.web.gate import Gate, OverloadedError


def test_so_many_run_and_the_others_wait() -> None:
    gate = Gate(running=2, waiting=30)
    lock = threading.Lock()
    inside = most = 0

    def visit(_: int) -> None:
        nonlocal inside, most
        with gate.turn():
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.002)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(visit, range(60)))
    assert most == 2


def test_a_full_queue_and_a_long_wait_are_refused() -> None:
    gate = Gate(running=1, waiting=1, patience=0.01)
    with gate.turn():
        with pytest.raises(OverloadedError, match="seconds"), gate.turn():
            pass
        full = Gate(running=1, waiting=0)
        with full.turn(), pytest.raises(OverloadedError, match="waiting"), full.turn():
            pass
    with gate.turn():  # places were given back
        pass
