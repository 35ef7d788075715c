"""The public names of TensorFlow 1 and the objects behind them.

Ops export themselves in their declaration; Python functions and classes with `@export`. A name
may be lazy: its module is imported when the name is first used. `namespace` builds the module
tree (`tf`, `tf.nn`, `tf.train`, ...) from the table; `tf1x/__init__.py` and the import hook use it.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar

from tf1x.core import opdef
from tf1x.core.operation import Frame, user_frames

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


def lazy(module: str, *names: str, attribute: str | None = None) -> None:
    """Publish what `module` defines, imported when a name is first used.

    Args:
        attribute: its name in the module, by default the last part of each public name.
    """
    for name in names:
        _lazy[name] = (module, attribute or name.rpartition(".")[2])


def lazy_module(module: str, *names: str) -> None:
    """Publish a whole module under dotted names, imported at first use."""
    for name in names:
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

        wrapper.renamed = frozenset(aliases)  # type: ignore[attr-defined]
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
    for definition in opdef.loaded_ops().values():
        for name in definition.exports:
            table[name] = definition.endpoint
    return table


def names() -> list[str]:
    """Every public name, lazy ones included, sorted."""
    return sorted({*symbols(), *_lazy})


class UnknownSymbol(AttributeError):
    """A program used a public name that tf1x does not have; the message says where.

    Rendered when it is printed: `hasattr` and `getattr` with a default are common and stay cheap.
    """

    def __init__(self, path: str) -> None:
        # With a `name` and `obj` of its own, Python adds no second suggestion to the message.
        super().__init__(path, name=path, obj=None)
        self.path = path
        self._where = next(iter(user_frames()), None)

    def __str__(self) -> str:
        return unknown_symbol(self.path, self._where)


def missing(path: str) -> Any:
    """The value of a lazy name.

    Raises:
        UnknownSymbol (an AttributeError): there is no such symbol.
    """
    if path not in _lazy:
        raise UnknownSymbol(path)
    module, attribute = _lazy[path]
    loaded = importlib.import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)


def unknown_symbol(path: str, where: Frame | None) -> str:
    """What to tell a program that uses the name `tf.<path>`, which tf1x does not have."""
    close = close_names(path, names())
    lines = [f"tf1x has no tf.{path}."]
    if where:
        lines.append(f"  used in {where}")
    if close:
        lines.append(f"Close to it: {', '.join('tf.' + n for n in close)}.")
    lines.append("`tf1x ops` lists the ops that there are.")
    return "\n".join(lines)


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """Up to three of the known names that `name` may have meant."""
    known = sorted(known)
    last = name.rpartition(".")[2]
    return (
        difflib.get_close_matches(name, known, 3, 0.75)
        or [n for n in known if n.rpartition(".")[2] == last][:3]
        or difflib.get_close_matches(name.lower(), known, 3, 0.75)
    )


class Namespace(ModuleType):
    """One module of the public tree, e.g. `tf.nn`, or its root."""

    def __init__(self, qualified: str, path: str = "") -> None:
        super().__init__(qualified)
        # A package without files: the import hook finds its submodules.
        self.__path__: list[str] = []
        self.__spec__ = ModuleSpec(qualified, None, is_package=True)
        self._tf_path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = missing(f"{self._tf_path}.{name}" if self._tf_path else name)
        setattr(self, name, value)
        return value

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """With all its names, loaded: programs look for classes in it (google/seq2seq)."""
        for name in children(self._tf_path):
            with contextlib.suppress(ImportError):  # of a package that is not installed
                getattr(self, name)
        return _dict_of(self)

    def __dir__(self) -> list[str]:
        return sorted({*_dict_of(self), *children(self._tf_path)})


_dict_of = ModuleType.__dict__["__dict__"].__get__


def children(path: str) -> set[str]:
    """Names directly below a dotted path."""
    prefix = f"{path}." if path else ""
    return {n[len(prefix) :].partition(".")[0] for n in names() if n.startswith(prefix)}


def build(root: str, target: ModuleType) -> ModuleType:
    """Hang the public tree below the module `target`, with module names under `root`.

    Submodules are entered in `sys.modules`, so that `import tensorflow.nn` works, and
    `compat.v1` is the tree itself.

    Raises:
        ValueError: a name is both a symbol and the parent of another.
    """
    modules: dict[str, ModuleType] = {"": target}

    def module(path: str) -> ModuleType:
        if path not in modules:
            parent, _, last = path.rpartition(".")
            qualified = f"{root}.{path}"
            made = modules[path] = Namespace(qualified, path)
            sys.modules[qualified] = made
            setattr(module(parent), last, made)
        return modules[path]

    table = symbols()
    for name in {*table, *_lazy}:
        parent, _, last = name.rpartition(".")
        owner = module(parent)
        if name in table:
            setattr(owner, last, table[name])
    clash = modules.keys() & {*table, *_lazy}
    if clash:
        raise ValueError(f"symbols that are also modules: {', '.join(sorted(clash))}")
    module("compat").v1 = target  # type: ignore[attr-defined]
    sys.modules[f"{root}.compat.v1"] = target
    return target
