"""`tensorflow.python.client.timeline`: a recorded run for chrome://tracing (or ui.perfetto.dev).

A run is recorded with `sess.run(..., options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
run_metadata=run_metadata)`. What XLA compiled together is one event, which lists its ops.
"""

from __future__ import annotations

import json
from collections import namedtuple
from typing import Any

from tf1x.lib import logging

StepStatsAnalysis = namedtuple("StepStatsAnalysis", "chrome_trace allocator_maximums")


class Timeline:
    """A recorded run.

    Args:
        step_stats: `run_metadata.step_stats`.
        graph: accepted.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def analyze_step_stats(
        self,
        show_dataflow: bool = True,
        show_memory: bool = True,
        op_time: str = "schedule",
    ) -> StepStatsAnalysis:
        """The trace, with the most memory that allocators held (of which nothing is recorded)."""
        return StepStatsAnalysis(self._events(), {})

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False, op_time: str = "schedule"
    ) -> str:
        """The run as JSON text.

        Args:
            show_dataflow, op_time: accepted; all times are measured from start to end.
            show_memory: XLA's allocations are not recorded; a warning says that they are missing.
        """
        if show_memory:
            logging.warning(
                "Timeline.generate_chrome_trace_format(show_memory=True): the trace has no memory, "
                "for tf1x does not record what XLA allocates; "
                "jax.profiler.device_memory_profile() tells what is held."
            )
        return json.dumps({"traceEvents": self._events()}, indent=1)

    def _events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for process, device in enumerate(self._step_stats.dev_stats):
            named = {"name": f"{device.device} Compute"}
            events.append({"name": "process_name", "ph": "M", "pid": process, "args": named})
            threads: dict[int, int] = {}
            events += [self._event(process, threads, node) for node in device.node_stats]
        return events

    @staticmethod
    def _event(process: int, threads: dict[int, int], node: Any) -> dict[str, Any]:
        name, _, rest = node.timeline_label.partition(" = ")
        kind, _, inputs = rest.partition("(")
        arguments = {"name": name or node.node_name, "op": kind or node.node_name}
        listed = [i for i in inputs.removesuffix(")").split(", ") if i]
        arguments |= {f"input{i}": value for i, value in enumerate(listed)}
        return {
            "name": arguments["op"],
            "cat": "Op",
            "ph": "X",
            "pid": process,
            "tid": threads.setdefault(node.thread_id, len(threads)),
            "ts": node.all_start_micros,
            "dur": node.all_end_rel_micros,
            "args": arguments,
        }
