"""The public names of TensorFlow 1 and the objects behind them.

Ops export themselves in their declaration; Python functions and classes with `@export`. A name
may be lazy: its module is imported when the name is first used. `namespace` builds the module
tree (`tf`, `tf.nn`, `tf.train`, ...) from the table; `tf1x/__init__.py` and the import hook use it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import sys
import warnings
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

from tf1x.core import graph as _graph
from tf1x.core import opdef

_F = TypeVar("_F")

_symbols: dict[str, Any] = {}
_lazy: dict[str, tuple[str, str | None]] = {}


def export(*names: str) -> Callable[[_F], _F]:
    """Publish a function or class under dotted names, e.g. `@export("nn.relu6")`."""

    def publish(item: _F) -> _F:
        define(item, *names)
        return item

    return publish


def define(item: Any, *names: str) -> None:
    """Publish any object under dotted names.

    Raises:
        ValueError: a name is taken by another object.
    """
    for name in names:
        if name in _symbols and _symbols[name] is not item:
            raise ValueError(f"tf.{name} is exported twice")
        _symbols[name] = item


def lazy(module: str, *names: str) -> None:
    """Publish names that `module` defines (under their last parts) when they are first used."""
    for name in names:
        _lazy[name] = (module, name.rpartition(".")[2])


def lazy_module(name: str, module: str) -> None:
    """Publish a whole module under a dotted name, imported at first use."""
    _lazy[name] = (module, None)


def renamed(**aliases: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Accept old keyword names: `@renamed(keep_dims="keepdims")`.

    Raises (when called):
        TypeError: both spellings are given.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                for old, new in aliases.items():
                    if old in kwargs:
                        if kwargs.get(new) is not None:
                            raise TypeError(
                                f"{function.__name__}: give {new!r} or {old!r}, not both."
                            )
                        kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper

    return decorate


def deprecated(message: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Warn (once a caller) with DeprecationWarning that the function has a successor."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(f"{function.__name__}: {message}", DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return wrapper

    return decorate


def symbols() -> dict[str, Any]:
    """Every public name that is loaded, ops included."""
    table = dict(_symbols)
    for definition in opdef.all_ops().values():
        for name in definition.exports:
            table[name] = definition.endpoint
    return table


def names() -> list[str]:
    """Every public name, lazy ones included, sorted."""
    return sorted({*symbols(), *_lazy})


def _resolve_lazy(name: str) -> Any:
    module, attribute = _lazy[name]
    loaded = importlib.import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)


def missing(path: str) -> Any:
    """The value of a lazy name.

    Raises:
        AttributeError: there is no such symbol; the message says what to do.
    """
    if path in _lazy:
        return _resolve_lazy(path)
    raise AttributeError(unknown_symbol(path))


class Namespace(ModuleType):
    """One module of the public tree, e.g. `tf.nn`."""

    def __init__(self, path: str, qualified: str, root: str) -> None:
        super().__init__(qualified)
        self.__path__: list[str] = []
        self._tf_path = path
        self._tf_root = root

    def __getattr__(self, name: str) -> Any:
        path = f"{self._tf_path}.{name}" if self._tf_path else name
        if name.startswith("__"):
            raise AttributeError(name)
        value = missing(path)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) | set(children(self._tf_path)))


def children(path: str) -> set[str]:
    """Names directly below a dotted path."""
    prefix = f"{path}." if path else ""
    return {n[len(prefix) :].partition(".")[0] for n in names() if n.startswith(prefix)}


def unknown_symbol(path: str) -> str:
    """What to tell a program that uses a name that tf1x does not have."""
    where = next(iter(_graph.user_frames()), None)
    at = f" (used in {where.filename}, line {where.lineno})" if where else ""
    close = difflib.get_close_matches(path, names(), 3, 0.75)
    if not close:
        last = path.rpartition(".")[2]
        close = [n for n in names() if n.rpartition(".")[2] == last][:3]
    hint = f" Perhaps: {', '.join('tf.' + n for n in close)}." if close else ""
    return (
        f"tf1x has no tf.{path}{at}.{hint} "
        "`tf1x ops` lists the ops there are; docs/compatibility.md what is planned."
    )


def build(root: str, target: ModuleType) -> ModuleType:
    """Hang the public tree below the module `target`, with module names under `root`.

    Submodules are entered in `sys.modules`, so `import tensorflow.nn` works.
    """
    modules: dict[str, ModuleType] = {"": target}

    def module(path: str) -> ModuleType:
        if path not in modules:
            parent, _, last = path.rpartition(".")
            qualified = f"{root}.{path}"
            made = modules[path] = Namespace(path, qualified, root)
            sys.modules[qualified] = made
            setattr(module(parent), last, made)
        return modules[path]

    table = symbols()
    for name in sorted({*table, *_lazy}):
        parent, _, last = name.rpartition(".")
        owner = module(parent)
        if name in table:
            setattr(owner, last, table[name])
    return target


def public_surface(items: Iterable[str]) -> str:
    """The golden list: one name a line."""
    return "\n".join(sorted(items)) + "\n"
