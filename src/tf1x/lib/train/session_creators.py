"""How monitored sessions get their session: `ChiefSessionCreator`, `WorkerSessionCreator`."""

from __future__ import annotations

import abc
from typing import Any

from tf1x.core import scopes
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_manager import SessionManager
from tf1x.runtime.session import BaseSession


class SessionCreator(metaclass=abc.ABCMeta):
    """Makes sessions for a `MonitoredSession`: the first, and those that replace a lost one."""

    @abc.abstractmethod
    def create_session(self) -> BaseSession:
        """A new session, ready to run the graph."""


class _ScaffoldSessionCreator(SessionCreator):
    def __init__(self, scaffold: Scaffold | None, master: str, config: Any) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._session_manager: SessionManager | None = None

    def _manager(self) -> SessionManager:
        """Finalize the graph; the manager of its sessions."""
        scaffold = self._scaffold.finalize()
        if self._session_manager is None:
            self._session_manager = SessionManager(
                local_init_op=scaffold.local_init_op,
                local_init_feed_dict=scaffold.local_init_feed_dict,
                ready_op=scaffold.ready_op,
                ready_for_local_init_op=scaffold.ready_for_local_init_op,
                graph=scopes.get_default_graph(),
            )
        return self._session_manager


class ChiefSessionCreator(_ScaffoldSessionCreator):
    """Initialises the variables, or restores them where there is a checkpoint.

    Args:
        scaffold: what to run for that, by default a `Scaffold()`.
        master: the target of the session.
        config: its `ConfigProto`.
        checkpoint_dir: a folder whose latest checkpoint is restored; or
        checkpoint_filename_with_path: one checkpoint.
    """

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path

    def create_session(self) -> BaseSession:
        manager = self._manager()
        return manager.prepare_session(
            self._master,
            saver=self._scaffold.saver,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path,
            config=self._config,
            init_op=self._scaffold.init_op,
            init_feed_dict=self._scaffold.init_feed_dict,
            init_fn=self._scaffold.init_fn,
        )


class WorkerSessionCreator(_ScaffoldSessionCreator):
    """Waits until the chief has initialised the variables, up to `max_wait_secs` seconds."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> BaseSession:
        return self._manager().wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_secs
        )
