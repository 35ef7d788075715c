"""What the modules of `tf.estimator` share: arguments of user functions, results of input_fns."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from tf1x.lib.data.dataset import Dataset
from tf1x.lib.train.session_run_hook import SessionRunHook


def fn_args(function: Any) -> tuple[str, ...]:
    """The names of a function's positional arguments that a caller can still give by name."""
    if isinstance(function, functools.partial):
        names = fn_args(function.func)[len(function.args) :]
        return tuple(name for name in names if name not in function.keywords)
    if not inspect.isroutine(function) and not inspect.isclass(function):
        function = function.__call__  # of an object that can be called
    names = tuple(inspect.getfullargspec(function).args)
    return names[1:] if inspect.ismethod(function) else names


def known_arguments(function: Any, **values: Any) -> dict[str, Any]:
    """Those of `values` that the function has arguments for."""
    names = fn_args(function)
    return {name: value for name, value in values.items() if name in names}


class DatasetInitializerHook(SessionRunHook):
    """Starts an iterator in each new session."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def begin(self) -> None:
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._initializer)


def parse_input_fn_result(result: Any) -> tuple[Any, Any, list[SessionRunHook]]:
    """Features, labels (or None) and hooks, from what an input_fn returned.

    Args:
        result: a `Dataset` of features or of (features, labels), or those themselves as tensors.

    Raises:
        ValueError: a tuple or list of another length.
    """
    hooks: list[SessionRunHook] = []
    if isinstance(result, Dataset):
        iterator = result.make_initializable_iterator()
        hooks.append(DatasetInitializerHook(iterator))
        result = iterator.get_next()
    if not isinstance(result, (list, tuple)):
        return result, None, hooks
    if len(result) != 2:
        raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
    return result[0], result[1], hooks
