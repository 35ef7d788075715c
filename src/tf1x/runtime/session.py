"""`tf.Session`: runs graphs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from tf1x.core import errors, scopes
from tf1x.core.graph import Graph
from tf1x.ops.resources import close
from tf1x.ops.waiting import time_limit
from tf1x.runtime import at_exit, feeds  # noqa: F401 -- acts when the program ends
from tf1x.runtime.allocator import keep_memory
from tf1x.runtime.execute import Executor
from tf1x.runtime.fetches import Fetches, fetch_key
from tf1x.runtime.partial_run import PartialRun
from tf1x.runtime.state import State, is_served, state_for
from tf1x.runtime.xla import run_in_calling_thread


class BaseSession:
    """What `Session` and `InteractiveSession` share."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if config is not None and not hasattr(config, "allow_soft_placement"):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        keep_memory()
        run_in_calling_thread()
        self._target = target or ""
        self._config = config
        self._timeout_in_ms = config.operation_timeout_in_ms if config is not None else 0
        self._graph = graph if graph is not None else scopes.get_default_graph()
        self._state = state_for(self._target)
        self._executors: dict[Any, Executor] = {}
        self._mutations = self._graph._mutations
        self._closed = False
        self._partial: dict[str, PartialRun] = {}

    # -- properties ----------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def graph_def(self) -> Any:
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> bytes:
        return self._target.encode()

    def list_devices(self) -> list[Any]:
        """The devices that JAX sees, under TensorFlow's names."""
        from tf1x.runtime.devices import session_devices

        return session_devices()

    # -- running -------------------------------------------------------------------------------

    def run(
        self,
        fetches: Any,
        feed_dict: Any = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Run the ops that `fetches` need, and return the fetches' values.

        Args:
            fetches: a tensor, operation, variable, or name of one, or any nest of them.
            feed_dict: tensors (or variables, names, sparse tensors) to values. Any tensor that is
                feedable may be given, placeholders and intermediate results alike.
            options: a `tf.RunOptions`: `timeout_in_ms` limits the time that ops wait, with a
                `trace_level` the run is recorded.
            run_metadata: a `tf.RunMetadata`, which gets the recording: an entry a compiled
                segment and one a host op.

        Returns:
            The form of `fetches` with values in place of tensors (NumPy arrays or scalars; bytes
            for strings) and None in place of operations.

        Raises:
            RuntimeError: the session is closed, or the graph is empty.
            DeadlineExceededError: an op waited longer than allowed.
            TypeError: a fetch or feed of a wrong kind.
            ValueError: a feed that does not fit its tensor, or is not feedable.
            OpError: an op failed; the variables are as before the run.
        """
        if type(feed_dict) is not dict and feed_dict is not None:
            feed_dict = feeds.as_dict(feed_dict)
        key = (fetch_key(fetches), tuple(feed_dict) if feed_dict else ())
        try:
            executor = self._executors.get(key)
        except TypeError:  # an unhashable name among the feeds: `feeds.resolve` will say which
            executor = None
        if executor is None or self._closed or self._mutations != self._graph._mutations:
            executor = self._executor(key, fetches, feed_dict)
        if options is None and not self._timeout_in_ms:
            return executor.run(feed_dict)
        if run_metadata is not None:
            return self._run_traced(executor, feed_dict, options, run_metadata)
        return self._run_limited(executor, feed_dict, options)

    def _run_limited(self, executor: Executor, feed_dict: Any, options: Any) -> Any:
        with time_limit(getattr(options, "timeout_in_ms", 0) or self._timeout_in_ms):
            return executor.run(feed_dict)

    def _run_traced(
        self, executor: Executor, feed_dict: Any, options: Any, run_metadata: Any
    ) -> Any:
        """Run, and enter in `run_metadata` what `options` ask for."""
        if getattr(options, "output_partition_graphs", False):
            run_metadata.partition_graphs.add().CopyFrom(self._graph.as_graph_def())
        if not getattr(options, "trace_level", 0):
            return self._run_limited(executor, feed_dict, options)
        from tf1x.runtime.tracing import Trace

        trace = Trace()
        with trace.recording():
            result = self._run_limited(executor, feed_dict, options)
        trace.add_to(run_metadata)
        return result

    def _executor(self, key: Any, fetches: Any, feed_dict: Any) -> Executor:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph._ops:
            raise RuntimeError(
                "The Session graph is empty. Add operations to the graph before calling run()."
            )
        if self._mutations != self._graph._mutations:
            self._executors.clear()
            self._mutations = self._graph._mutations
        resolved = Fetches(self._graph, fetches)
        tensors = feeds.resolve(self._graph, feed_dict)
        executor = Executor(self, resolved, tensors)
        executor.keep_alive = (fetches, tuple(feed_dict or ()))
        self._executors[key] = executor
        return executor

    def make_callable(
        self, fetches: Any, feed_list: Any = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that runs `fetches` (with less overhead).

        Raises:
            ValueError: the callable receives another number of values.
        """
        keys = list(feed_list or [])
        executor = self._executor((fetch_key(fetches), tuple(keys)), fetches, dict.fromkeys(keys))

        def run(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            if accept_options and len(values) == len(keys) + 2:
                options, values = values[-2], values[:-2]
            if len(values) != len(keys):
                raise ValueError(f"The callable takes {len(keys)} feed values, got {len(values)}.")
            if self._closed:
                raise RuntimeError("Attempted to use a closed Session.")
            return self._run_limited(executor, dict(zip(keys, values, strict=True)), options)

        return run

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Prepare to run `fetches` in several calls of `partial_run`; returns their handle."""
        resolved = Fetches(self._graph, fetches)
        handle = f"partial_{len(self._partial)}"
        allowed = [self._graph.as_graph_element(f, allow_operation=False) for f in feeds or []]
        self._partial[handle] = PartialRun(self, resolved, allowed)
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """Continue a partial run: compute `fetches` from all that was fed and computed so far.

        Raises:
            InvalidArgumentError: unknown handle, a fetch or feed that was not set up or was used
                before, or a fetch that needs feeds not given yet.
        """
        if handle not in self._partial:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Must run 'setup' before performing partial runs; got handle {handle!r}.",
            )
        given = feeds.resolve(self._graph, feed_dict)
        values = [feeds.to_array(t, v) for t, v in given.flatten(feed_dict)]
        resolved = Fetches(self._graph, fetches)
        return self._partial[handle].run(resolved, list(zip(given.tensors, values, strict=True)))

    # -- lifetime ------------------------------------------------------------------------------

    def close(self) -> None:
        """Release the session's variables, queues and other resources, unless a server has them."""
        self._closed = True
        self._executors.clear()
        self._partial.clear()
        if is_served(self._target):
            return  # what a server has outlives its sessions
        with self._state.lock:  # runs of other threads may be under way
            self._state.closed = True
            resources = list(self._state.resources.values())
        for resource in resources:
            close(resource)
        self._state = State(closed=True)

    def as_default(self) -> AbstractContextManager[Any]:
        """Make this the default session within a `with` block, without closing it after."""
        return scopes.sessions.pushed(self)


class Session(BaseSession):
    """Runs a graph (`tf.Session`).

    Args:
        target: "", or the target of a `tf.train.Server` of this process, whose sessions share
            their variables and queues.
        graph: the graph to run, by default the default graph.
        config: a `tf.ConfigProto`, accepted; XLA decides on threads and devices.

    Example:
        >>> with tf.Session() as sess:
        ...     sess.run(tf.constant(1.0) + 2.0)
        3.0
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._entered = threading.local()

    def __enter__(self) -> Session:
        stack = ExitStack()
        stack.enter_context(self.graph.as_default())
        stack.enter_context(self.as_default())
        self._entered.stacks = [*getattr(self._entered, "stacks", []), stack]
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._entered.stacks.pop().close()
        self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """Nothing to do: sessions share no state here."""


class InteractiveSession(BaseSession):
    """A session that is the default one from its creation on (`tf.InteractiveSession`).

    Example:
        >>> sess = tf.InteractiveSession()
        >>> (tf.constant(1.0) + 2.0).eval()
        3.0
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._stack = ExitStack()
        if graph is not None:
            self._stack.enter_context(graph.as_default())
        self._stack.enter_context(self.as_default())

    def close(self) -> None:
        super().close()
        self._stack.close()
