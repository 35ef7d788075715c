"""What a run took: one entry a compiled segment and one a host op, as `RunMetadata.step_stats`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tf1x.core.operation import Operation

_HOST = "/job:localhost/replica:0/task:0/device:CPU:0"
_OPS_SHOWN = 100


class _Current(threading.local):
    trace: Trace | None = None


_current = _Current()


class Trace:
    """The entries of one run: device, name, label, start and end in microseconds, thread."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str, int, int, int]] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within, what this thread runs is entered."""
        before, _current.trace = _current.trace, self
        try:
            yield
        finally:
            _current.trace = before

    def add_to(self, run_metadata: Any) -> None:
        """Enter all of it in a `RunMetadata`, by device."""
        devices: dict[str, Any] = {}
        for device, name, label, start, end, thread in self.entries:
            if device not in devices:
                devices[device] = run_metadata.step_stats.dev_stats.add(device=device)
            devices[device].node_stats.add(
                node_name=name,
                timeline_label=label,
                all_start_micros=start,
                op_end_rel_micros=end - start,
                all_end_rel_micros=end - start,
                scheduled_micros=start,
                thread_id=thread,
            )


def is_recording() -> bool:
    return _current.trace is not None


@contextmanager
def host_op(op: Operation) -> Iterator[None]:
    """Enter an op that runs on its own."""
    with _entry(_HOST, op.name, _label(op.name, op.type, [t.name for t in op.inputs])):
        yield


@contextmanager
def segment(ops: Sequence[Operation]) -> Iterator[None]:
    """Enter ops that run as one compiled program, until its results are there."""
    import jax

    device = jax.devices()[0]
    kind = "CPU" if device.platform == "cpu" else device.platform.upper()
    names = [f"{op.name} = {op.type}" for op in ops[:_OPS_SHOWN]]
    more = [f"and {len(ops) - _OPS_SHOWN} more"] if len(ops) > _OPS_SHOWN else []
    name = f"segment_of_{len(ops)}_ops"
    where = f"/job:localhost/replica:0/task:0/device:{kind}:{device.id}/compiled"
    with _entry(where, name, _label(name, "Segment", [*names, *more])):
        yield


def _label(name: str, kind: str, inputs: list[str]) -> str:
    return f"{name} = {kind}({', '.join(inputs)})"


@contextmanager
def _entry(device: str, name: str, label: str) -> Iterator[None]:
    trace = _current.trace
    start = time.time_ns() // 1000
    try:
        yield
    finally:
        if trace is not None:
            end = time.time_ns() // 1000
            trace.entries.append((device, name, label, start, end, threading.get_native_id()))
