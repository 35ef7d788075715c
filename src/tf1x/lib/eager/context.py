"""Switching eager execution on, and what programs ask about it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import scopes
from tf1x.core.graph import Graph
from tf1x.lib.variables import init_scope as init_scope
from tf1x.runtime import devices, eager

DEVICE_PLACEMENT_EXPLICIT = 0
DEVICE_PLACEMENT_WARN = 1
DEVICE_PLACEMENT_SILENT = 2
SYNC = 0
ASYNC = 1


def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Let ops run as they are called, for the rest of the program.

    Args:
        config: a `tf.ConfigProto`, accepted: XLA decides on threads and devices.
        device_policy: one of the `tf.contrib.eager.DEVICE_PLACEMENT_*`, accepted.
        execution_mode: `tf.contrib.eager.SYNC` or `ASYNC`, accepted.

    Raises:
        ValueError: ops were added to a graph already, or an argument is none of these.
        TypeError: `config` is no ConfigProto.
    """
    if config is not None and not hasattr(config, "allow_soft_placement"):
        raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
    if device_policy not in (None, 0, 1, 2, 3):
        raise ValueError("device_policy must be one of None, tf.contrib.eager.DEVICE_PLACEMENT_*")
    if execution_mode not in (None, SYNC, ASYNC):
        raise ValueError(
            "execution_mode must be one of None, tf.contrib.eager.SYNC, tf.contrib.eager.ASYNC"
        )
    eager.enable()


def in_graph_mode() -> bool:
    """Whether ops are added to a graph."""
    return not scopes.executing_eagerly()


@contextmanager
def eager_mode() -> Iterator[None]:
    """Within, ops run as they are called, whatever the program's mode."""
    with eager.graph().as_default():
        yield


@contextmanager
def graph_mode() -> Iterator[None]:
    """Within, ops are added to a graph of their own."""
    with Graph().as_default():
        yield


def num_gpus() -> int:
    """How many GPUs JAX sees."""
    return sum(device.device_type == "GPU" for device in devices.session_devices())


def list_devices() -> list[str]:
    """The names of the devices that JAX sees, as TensorFlow writes them."""
    return [device.name for device in devices.session_devices()]


@contextmanager
def execution_mode(mode: int) -> Iterator[None]:
    """Accepted: JAX dispatches asynchronously whatever the mode."""
    set_execution_mode(mode)
    yield


def set_execution_mode(mode: int) -> None:
    """Accepted: JAX dispatches asynchronously whatever the mode."""
    if mode not in (None, SYNC, ASYNC):
        raise ValueError(f"Execution mode should be None/SYNC/ASYNC. Got {mode}")


def async_wait() -> None:
    """Nothing to wait for: reading a value waits for it."""


def async_clear_error() -> None:
    """Nothing to clear: an error is raised where it happens."""


def run(main: Any = None, argv: Any = None) -> None:
    """Enable eager execution and run the program's `main(argv)` (`tfe.run`)."""
    from tf1x.lib import platform

    enable_eager_execution()
    platform.run(main, argv)


# -- tests in both modes ---------------------------------------------------------------------------


def run_test_in_graph_and_eager_modes(func: Any = None, **options: Any) -> Any:
    """Decorator: run a test method once in a graph with a session, once eagerly.

    `setUp` runs before the second time too, unless `reset_test=False`.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def both(self: Any, *args: Any, **kwargs: Any) -> None:
            with Graph().as_default(), self.test_session():
                method(self, *args, **kwargs)
            if options.get("reset_test", True):
                self.tearDown()
                self._tempdir = None
            before = scopes.get_global_graph()
            scopes.set_global_graph(eager.graph())
            try:
                if options.get("reset_test", True):
                    self.setUp()
                method(self, *args, **kwargs)
            finally:
                scopes.set_global_graph(before)

        return both

    return decorate if func is None else decorate(func)


def run_all_tests_in_graph_and_eager_modes(cls: type) -> type:
    """Class decorator: `run_test_in_graph_and_eager_modes` for all methods named `test...`."""
    for name, value in list(vars(cls).items()):
        if callable(value) and name.startswith("test") and name != "test_session":
            setattr(cls, name, run_test_in_graph_and_eager_modes(value))
    return cls


# Their names in `tensorflow.python.framework.test_util`.
run_in_graph_and_eager_modes = run_test_in_graph_and_eager_modes
run_all_in_graph_and_eager_modes = run_all_tests_in_graph_and_eager_modes
