"""`tf.train.SessionManager`: sessions whose variables have values."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tf1x.core import errors, scopes
from tf1x.lib import logging
from tf1x.lib.train.checkpoint_management import get_checkpoint_state
from tf1x.runtime.session import Session

Readiness = tuple[bool, str | None]


class SessionManager:
    """Makes sessions, and initialises their variables or restores them from a checkpoint.

    Args:
        local_init_op: initialises local variables, run in each new session.
        ready_op: a vector of strings that is empty when all variables have values.
        ready_for_local_init_op: the same, of what `local_init_op` needs.
        graph: by default the default graph.
        recovery_wait_secs: how long to wait before looking again.
        local_init_run_options, local_init_feed_dict: for the run of `local_init_op`.

    Raises:
        ValueError: `ready_for_local_init_op` without `local_init_op`.
    """

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Any = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
        local_init_feed_dict: Any = None,
    ) -> None:
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = graph if graph is not None else scopes.get_default_graph()
        self._recovery_wait_secs = recovery_wait_secs
        self._local_init_run_options = local_init_run_options
        self._local_init_feed_dict = local_init_feed_dict

    def prepare_session(
        self,
        master: str,
        init_op: Any = None,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
        init_feed_dict: Any = None,
        init_fn: Any = None,
    ) -> Session:
        """A session, restored from a checkpoint if there is one, else initialised.

        Args:
            checkpoint_dir: the folder whose latest checkpoint is taken; or
            checkpoint_filename_with_path: one checkpoint.
            wait_for_checkpoint: wait for one, up to `max_wait_secs` seconds.
            init_op, init_feed_dict, init_fn: used where there is no checkpoint.

        Raises:
            RuntimeError: there is no way to initialise, or variables remain without a value.
            ValueError: both a folder and a checkpoint are given.
        """
        session, restored = self._restore_checkpoint(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError(
                    "Model is not initialized and no init_op or init_fn or local_init_op was given"
                )
            if init_op is not None:
                session.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(session)
        ready, message = self._try_run_local_init_op(session)
        if not ready:
            raise RuntimeError(
                "Init operations did not make model ready for local_init.  "
                f"Init op: {_name(init_op)}, init fn: {init_fn}, error: {message}"
            )
        ready, message = self._model_ready(session)
        if not ready:
            raise RuntimeError(
                f"Init operations did not make model ready.  Init op: {_name(init_op)}, "
                f"init fn: {init_fn}, local_init_op: {self._local_init_op}, error: {message}"
            )
        return session

    def recover_session(
        self,
        master: str,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
    ) -> tuple[Session, bool]:
        """A session, and whether a checkpoint gave its variables values; see `prepare_session`."""
        session, restored = self._restore_checkpoint(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        ready, message = self._try_run_local_init_op(session)
        if not restored:
            return session, False
        source = checkpoint_dir or checkpoint_filename_with_path
        what = "ready for local init"
        if ready:
            what = "ready"
            ready, message = self._model_ready(session)
        if not ready:
            logging.info("Restoring model from %s did not make model %s: %s", source, what, message)
            return session, False
        logging.info("Restored model from %s", source)
        return session, True

    def wait_for_session(
        self, master: str, config: Any = None, max_wait_secs: float | None = float("inf")
    ) -> Session:
        """A session on variables that another one initialises, waited for.

        Raises:
            DeadlineExceededError: they have no values within the time.
        """
        limit = float("inf") if max_wait_secs is None else max_wait_secs
        end = time.monotonic() + limit
        while True:
            session = Session(master, graph=self._graph, config=config)
            ready, local_message = self._try_run_local_init_op(session)
            message = None
            if ready:
                ready, message = self._model_ready(session)
                if ready:
                    return session
            session.close()
            if end - time.monotonic() < self._recovery_wait_secs:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {limit:.0f} secs."
                )
            logging.info(
                "Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s",
                local_message,
                message,
            )
            time.sleep(self._recovery_wait_secs)

    def _restore_checkpoint(
        self,
        master: str,
        saver: Any,
        checkpoint_dir: Any,
        checkpoint_filename_with_path: Any,
        wait_for_checkpoint: bool,
        max_wait_secs: float,
        config: Any,
    ) -> tuple[Session, bool]:
        session = Session(master, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError(
                "Can not provide both checkpoint_dir and checkpoint_filename_with_path."
            )
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return session, False
        if checkpoint_filename_with_path:
            self._restore(session, saver, checkpoint_filename_with_path)
            return session, True
        waited = 0.0
        while True:
            state = get_checkpoint_state(checkpoint_dir)
            if state and state.model_checkpoint_path:
                break
            if not wait_for_checkpoint or waited >= max_wait_secs:
                return session, False
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs
        self._restore(session, saver, state.model_checkpoint_path)
        saver.recover_last_checkpoints(list(state.all_model_checkpoint_paths))
        return session, True

    def _restore(self, session: Session, saver: Any, path: Any) -> None:
        initializers = scopes.get_collection("saved_model_initializers")
        if initializers:
            session.run(initializers)
        saver.restore(session, path)

    def _model_ready(self, session: Session) -> Readiness:
        return readiness(self._ready_op, session, "Model not ready")

    def _try_run_local_init_op(self, session: Session) -> Readiness:
        if self._local_init_op is None:
            return True, None
        what = "Model not ready for local init"
        ready, message = readiness(self._ready_for_local_init_op, session, what)
        if ready:
            logging.info("Running local_init_op.")
            session.run(
                self._local_init_op, self._local_init_feed_dict, self._local_init_run_options
            )
            logging.info("Done running local_init_op.")
        return ready, message


def readiness(op: Any, session: Any, message: str) -> Readiness:
    """Whether a ready op finds all variables initialised; if not, what it finds missing."""
    if op is None:
        return True, None
    try:
        missing = session.run(op)
    except errors.FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logging.warning("%s : error [%s]", message, str(error))
            raise
        return False, str(error)
    # An int32 result is of `assert_variables_initialized`, which fails otherwise.
    if missing is None or missing.dtype == np.int32 or missing.size == 0:
        return True, None
    names = ", ".join(name.decode() for name in np.ravel(missing))
    return False, f"Variables not initialized: {names}"


def _name(op: Any) -> str:
    if op is None:
        return "None"
    return str(getattr(op, "name", f"<no name for {type(op)}>"))
