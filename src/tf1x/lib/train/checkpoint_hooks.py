"""`tf.train.CheckpointSaverHook`: checkpoints while a monitored session runs."""

from __future__ import annotations

import os
from typing import Any

from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib import graph_io, logging
from tf1x.lib.summary.file_writer import FileWriterCache
from tf1x.lib.train.basic_session_run_hooks import global_step_read
from tf1x.lib.train.hook_timers import SecondOrStepTimer
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook


class CheckpointSaverListener:
    """Base class of what is told of each checkpoint of a `CheckpointSaverHook`."""

    def begin(self) -> None:
        """Before the session is made; ops may be added to the graph."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Before each checkpoint."""

    def after_save(self, session: Any, global_step_value: int) -> Any:
        """After each checkpoint; True asks the session to stop."""

    def end(self, session: Any, global_step_value: int) -> None:
        """When the session ends, after the last checkpoint."""


class CheckpointSaverHook(SessionRunHook):
    """Saves a checkpoint when the session starts, every so many steps or seconds, and at the end.

    The graph is written to `graph.pbtxt` and to the event file of the folder.

    Args:
        checkpoint_dir: the folder.
        save_secs, save_steps: exactly one of them is to be given.
        saver: a `Saver`; or
        scaffold: a `Scaffold` that has one. By default the one of the collection SAVERS.
        checkpoint_basename: the start of the files' names.
        listeners: `CheckpointSaverListener`s.
        save_graph_def: whether to write the graph.
    """

    def __init__(
        self,
        checkpoint_dir: Any,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Any = None,
        save_graph_def: bool = True,
    ) -> None:
        logging.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver = saver
        self._checkpoint_dir = os.fspath(checkpoint_dir)
        self._save_path = os.path.join(self._checkpoint_dir, checkpoint_basename)
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners = listeners or []
        # How far a run may move the step; so far that each run looks, unless told otherwise.
        self._steps_per_run = 1_000_000
        self._save_graph_def = save_graph_def

    def _set_steps_per_run(self, steps_per_run: int) -> None:
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        self._summary_writer = FileWriterCache.get(self._checkpoint_dir)
        self._global_step_tensor = global_step_read("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        from tf1x.lib.train.meta_graph import create_meta_graph_def

        step = session.run(self._global_step_tensor)
        graph = scopes.get_default_graph()
        graph_def = graph.as_graph_def(add_shapes=True)
        if self._save_graph_def:
            graph_io.write_graph(graph_def, self._checkpoint_dir, "graph.pbtxt")
        saver = self._get_saver()
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(
            create_meta_graph_def(graph_def=graph_def, saver_def=saver.saver_def if saver else None)
        )
        # The initial values are worth a checkpoint: a run that is lost starts from them again.
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if not self._timer.should_trigger_for_step(run_values.results + self._steps_per_run):
            return
        step = run_context.session.run(self._global_step_tensor)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        step = session.run(self._global_step_tensor)
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        """Save; returns whether a listener asks to stop."""
        from tensorboard.compat.proto.event_pb2 import SessionLog

        logging.info("Calling checkpoint listeners before saving checkpoint %d...", step)
        for listener in self._listeners:
            listener.before_save(session, step)
        logging.info("Saving checkpoints for %d into %s.", step, self._save_path)
        self._get_saver().save(
            session, self._save_path, global_step=step, write_meta_graph=self._save_graph_def
        )
        log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self._save_path)
        self._summary_writer.add_session_log(log, step)
        logging.info("Calling checkpoint listeners after saving checkpoint %d...", step)
        stop = False
        for listener in self._listeners:
            if listener.after_save(session, step):
                logging.info(
                    "A CheckpointSaverListener requested that training be stopped. listener: %s",
                    listener,
                )
                stop = True
        return stop

    def _get_saver(self) -> Any:
        if self._saver is None:
            if self._scaffold is not None:
                return self._scaffold.saver
            savers = scopes.get_collection(GraphKeys.SAVERS)
            if not savers:
                raise RuntimeError(
                    f"No items in collection {GraphKeys.SAVERS}. Please add a saver to the "
                    "collection or provide a saver or scaffold."
                )
            if len(savers) > 1:
                raise RuntimeError(
                    f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one "
                    "to use by passing it to the constructor."
                )
            self._saver = savers[0]
        return self._saver
