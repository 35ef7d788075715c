"""`tf.train.ProfilerHook`: recordings of runs, as Chrome traces."""

from __future__ import annotations

import os
from typing import Any

from tf1x.core.files import local_path, replacing
from tf1x.lib import logging
from tf1x.lib.summary.file_writer import FileWriterCache
from tf1x.lib.train.basic_session_run_hooks import global_step_read
from tf1x.lib.train.hook_timers import SecondOrStepTimer
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook


class ProfilerHook(SessionRunHook):
    """Records a run every so many steps or seconds, to `timeline-<step>.json`.

    Args:
        save_steps, save_secs: exactly one of them is to be given.
        output_dir: the folder, which also gets an event file; by default the current one.
        show_dataflow, show_memory: see `Timeline.generate_chrome_trace_format`.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str = "",
        show_dataflow: bool = True,
        show_memory: bool = False,
    ) -> None:
        self._output_file = os.path.join(output_dir, "timeline-{}.json")
        self._file_writer = FileWriterCache.get(output_dir)
        self._show_dataflow = show_dataflow
        self._show_memory = show_memory
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        self._next_step: Any = None
        self._global_step_tensor = global_step_read("ProfilerHook")

    def before_run(self, run_context: Any) -> SessionRunArgs:
        from tensorboard.compat.proto.config_pb2 import RunOptions

        due = self._next_step is not None and self._timer.should_trigger_for_step(self._next_step)
        self._request_summary = due
        options = RunOptions(trace_level=RunOptions.FULL_TRACE) if due else None
        return SessionRunArgs({"global_step": self._global_step_tensor}, options=options)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        stale = run_values.results["global_step"]
        if self._next_step is None:
            self._timer.update_last_triggered_step(stale)
        step = stale + 1
        if self._request_summary:
            step = run_context.session.run(self._global_step_tensor)
            self._timer.update_last_triggered_step(step)
            metadata = run_values.run_metadata
            self._save(step, self._output_file.format(step), metadata.step_stats)
            self._file_writer.add_run_metadata(metadata, f"step_{step}")
        self._next_step = step + 1

    def _save(self, step: int, path: str, step_stats: Any) -> None:
        from tf1x.lib.profiler.timeline import Timeline

        logging.info("Saving timeline for %d into '%s'.", step, path)
        trace = Timeline(step_stats).generate_chrome_trace_format(
            show_dataflow=self._show_dataflow, show_memory=self._show_memory
        )
        with replacing(local_path(path)) as file:
            file.write(trace.encode())
