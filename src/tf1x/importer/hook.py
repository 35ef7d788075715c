"""The finder that serves `import tensorflow` and its submodules from tf1x's public names.

A real TensorFlow on the disk is neither read nor changed. The modules served are
- the public tree (`tensorflow`, `tensorflow.contrib.layers`, ...), built by `tf1x.api.build`;
  `tensorflow.compat.v1` is the tree itself;
- modules published whole (`tensorflow.examples.tutorials.mnist.input_data`);
- private modules that programs are known to import (private_paths.py).
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from tf1x import _version, api
from tf1x.core import opdef
from tf1x.importer import private_paths

ROOT = "tensorflow"
_V1 = "compat.v1"
# With this module present, TensorBoard's writers use their own stand-in for TensorFlow.
_NO_TENSORFLOW = "tensorboard.compat.notf"

_PRIVATE = {*private_paths.SOURCES, *private_paths.MODULES}
# The packages above those, as far as they are private: `python.ops`, not `contrib.layers`.
_PACKAGES = {
    package
    for path in _PRIVATE
    for depth in range(1, path.count(".") + 1)
    for package in [path.rsplit(".", depth)[0]]
    if {"python", "core"} & set(package.split("."))
}


def install() -> None:
    """Make `import tensorflow` mean tf1x in this process. A second call changes nothing.

    Raises:
        RuntimeError: TensorFlow itself is imported already.
    """
    if _finder in sys.meta_path:
        return
    if ROOT in sys.modules:
        path = getattr(sys.modules[ROOT], "__file__", None) or "an unknown file"
        raise RuntimeError(
            f"TensorFlow is already imported in this process (from {path}), so tf1x cannot take its "
            "name. Run the program with `tf1x run`, or put `import tf1x.install` before everything "
            "that imports tensorflow; in a notebook, restart the kernel first."
        )
    sys.meta_path.insert(0, _finder)
    sys.modules.setdefault(_NO_TENSORFLOW, ModuleType(_NO_TENSORFLOW))


def uninstall() -> None:
    """Give the name `tensorflow` back: the next import finds what is installed."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [n for n in sys.modules if n == ROOT or n.startswith(f"{ROOT}.")]:
        del sys.modules[name]
    sys.modules.pop(_NO_TENSORFLOW, None)
    _private.cache_clear()


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root, _, below = fullname.partition(".")
        if root != ROOT:
            return None
        found = _resolve(below) if below else None
        return ModuleSpec(fullname, self, origin="tf1x", loader_state=found, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return api.Namespace(ROOT) if spec.name == ROOT else None

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == ROOT:
            _build(module)
        else:  # the import system takes what stands in sys.modules after this
            sys.modules[module.__name__] = module.__spec__.loader_state  # type: ignore[union-attr]


_finder = _Finder()


def _build(root: ModuleType) -> None:
    # Everything that `import tf1x` publishes; the hook alone may have been imported.
    importlib.import_module("tf1x")
    api.build(ROOT, root)
    root.__version__ = root.VERSION  # type: ignore[attr-defined]
    root.__git_version__ = root.GIT_VERSION  # type: ignore[attr-defined]
    root.__compiler_version__ = root.COMPILER_VERSION  # type: ignore[attr-defined]
    root.__tf1x_version__ = _version.__version__  # type: ignore[attr-defined]
    # Private packages are attributes too: `tf.python.framework`, `tf.contrib.layers.python`.
    for package in _PACKAGES:
        parent, _, last = package.rpartition(".")
        if parent not in _PACKAGES and (owner := sys.modules.get(_qualified(parent))):
            setattr(owner, last, _resolve(package))


def _qualified(path: str) -> str:
    return f"{ROOT}.{path}" if path else ROOT


def _resolve(path: str) -> ModuleType:
    """The module at a dotted path below the root.

    Raises:
        ModuleNotFoundError: there is none; the message says what was asked for, and where.
    """
    path = path.removeprefix(f"{_V1}.")
    if path in private_paths.MODULES:
        return importlib.import_module(private_paths.MODULES[path])
    if path in _PRIVATE | _PACKAGES:
        return _private(path)
    try:
        found = _public(path)
    except AttributeError as error:
        raise ModuleNotFoundError(str(error)) from None
    if not isinstance(found, ModuleType):
        parent, _, last = path.rpartition(".")
        raise ModuleNotFoundError(
            f"tf.{path} is not a module: write `from {_qualified(parent)} import {last}`.",
            name=_qualified(path),  # pydoc.locate looks at it
        )
    return found


def _public(path: str) -> Any:
    found: Any = sys.modules[ROOT]
    for part in filter(None, path.split(".")):
        found = getattr(found, part)
    return found


class _Private(ModuleType):
    """A private module, or a package of such."""

    def __init__(self, path: str) -> None:
        super().__init__(_qualified(path))
        self.__path__: list[str] = []
        self._tf_path = path
        self._tf_sources = private_paths.SOURCES.get(path, ())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        full = f"{self._tf_path}.{name}"
        value = _resolve(full) if full in _PRIVATE | _PACKAGES else self._look_up(full, name)
        setattr(self, name, value)
        return value

    def _look_up(self, full: str, name: str) -> Any:
        if full in private_paths.NAMES:
            place, _, attribute = private_paths.NAMES[full].partition(":")
            if attribute:
                return getattr(importlib.import_module(place), attribute)
            return _public(place.removeprefix("tf."))
        for source in self._tf_sources:
            try:
                return _from_source(source, name)
            except AttributeError:
                continue
        raise api.UnknownSymbol(full)


@functools.cache
def _private(path: str) -> _Private:
    return _Private(path)


def _from_source(source: str, name: str) -> Any:
    if source == "ops":
        return _op_by_snake_name(name)
    if source == "tf" or source.startswith("tf."):
        return getattr(_public(source[3:]), name)
    if name.startswith("_"):  # what is private to a module of ours is not what was meant
        raise AttributeError(name)
    return getattr(importlib.import_module(source), name)


def _op_by_snake_name(name: str) -> Any:
    wanted = name.replace("_", "")
    for op_type, definition in opdef.all_ops().items():
        if op_type.lower() == wanted:
            return definition.endpoint
    raise AttributeError(name)
