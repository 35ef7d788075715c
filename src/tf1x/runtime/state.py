"""The state of a session: values of variables, counters of random ops, host resources."""

from __future__ import annotations

import secrets
import threading
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Operation

_MASK64 = (1 << 64) - 1


class State:
    """What a session keeps between runs.

    `lock` is held while a segment takes its variables and is dispatched, so that a donated buffer
    is never seen by another thread; host ops that can block run without it. Once the session is
    `closed`, no more resources are made.
    """

    def __init__(self, closed: bool = False) -> None:
        self.lock = threading.RLock()
        self.closed = closed
        self.variables: dict[str, Any] = {}
        self.counters: dict[str, int] = {}
        self.resources: dict[str, Any] = {}
        self._keys: WeakKeyDictionary[Operation, tuple[int, int]] = WeakKeyDictionary()

    def random_key(self, op: Operation) -> tuple[int, int]:
        """The op's two seeds; drawn once a session where the program gave none."""
        seed, seed2 = op.attrs["seed"], op.attrs["seed2"]
        if seed or seed2:
            return seed, seed2
        if op not in self._keys:
            self._keys[op] = (secrets.randbits(63), secrets.randbits(63))
        return self._keys[op]

    def philox_key(self, op: Operation) -> tuple[np.uint64, np.uint64]:
        """The two seeds as the generator takes them."""
        seed, seed2 = self.random_key(op)
        return np.uint64(seed & _MASK64), np.uint64(seed2 & _MASK64)


class _Served(NamedTuple):
    """What sessions with one target share, and the targets of all tasks of its cluster."""

    state: State
    cluster: frozenset[str]


_served: dict[str, _Served] = {}


def serve(target: str, cluster: frozenset[str]) -> None:
    """Let sessions have a target: a `tf.train.Server` of this process stands there.

    Servers of one cluster share their variables: those that a program shares stand on its
    parameter servers, which all sessions of the cluster see.
    """
    others = (s.state for t, s in _served.items() if s.cluster == cluster and t in cluster)
    _served.setdefault(target, _Served(next(others, None) or State(), cluster))


def is_served(target: str) -> bool:
    """Whether sessions with this target share their state."""
    return target in _served


def state_for(target: str) -> State:
    """The state of a new session.

    Raises:
        UnsupportedError: the target, or a task of its cluster, is a server of another process.
    """
    if target not in _served:
        if not target.startswith("grpc://"):
            return State()
        raise UnsupportedError(
            f"tf.Session: no tf.train.Server of this process has the target {target!r}, and tf1x does "
            "not run graphs in other processes."
        )
    found = _served[target]
    absent = sorted(found.cluster - _served.keys())
    if absent:
        raise UnsupportedError(
            f"tf.Session: tf1x runs a program in one process, and of the cluster of {target!r} this "
            f"one has no server for {', '.join(absent)}. Make servers for all its tasks here, or a "
            "cluster of one task, or run the program's single-machine form."
        )
    return found.state
