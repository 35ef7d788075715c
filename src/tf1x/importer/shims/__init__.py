"""Period shims: what other libraries had in TensorFlow 1's time and have no more.

`tf1x run` applies them unless told `--no-shims`; nothing else does. Each one is named on standard
error when the program first uses it. Nothing that exists is replaced; where a call changed its
meaning (`yaml.load(file)`, `np.load` of pickles), only what is an error today gets its old result.

A shim is one of
- a patch: a function of a module, applied when the program imports that module (`patches`);
- a module that is gone, made from what replaced it (`modules`).
The files beside this one hold them by library.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

patches: dict[str, Callable[[ModuleType], None]] = {}
modules: dict[str, Callable[[ModuleType], None]] = {}
# What is to be done before a patched module is executed.
preparations: dict[str, Callable[[], None]] = {}

FILES = ("numpy_names", "standard_library", "scipy_misc", "gym_api", "keras_api", "libraries")
_noted: set[str] = set()
_recorded: list[str] | None = None


def patch(*names: str) -> Callable[[Callable[[ModuleType], None]], Callable[[ModuleType], None]]:
    """Decorator: call the function with each of the modules when it is imported."""

    def register(function: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        patches.update(dict.fromkeys(names, function))
        return function

    return register


def module(*names: str) -> Callable[[Callable[[ModuleType], None]], Callable[[ModuleType], None]]:
    """Decorator: fill a new module of each name, when the program imports it and there is none."""

    def register(function: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        modules.update(dict.fromkeys(names, function))
        return function

    return register


def note(what: str) -> None:
    """Tell, once, that a shim is in use."""
    if _recorded is not None:
        _recorded.append(what)
    elif what not in _noted:
        _noted.add(what)
        print(f"tf1x: shim: {what}", file=sys.stderr)


@contextmanager
def recording() -> Iterator[list[str]]:
    """Notes go to the list, not to standard error (`tf1x check`)."""
    global _recorded
    before, _recorded = _recorded, []
    try:
        yield _recorded
    finally:
        _recorded = before


def noting(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with a note at its first call."""

    def shim(*args: Any, **kwargs: Any) -> Any:
        note(what)
        return function(*args, **kwargs)

    shim.__name__ = shim.__qualname__ = getattr(function, "__name__", "shim")
    shim.__doc__ = getattr(function, "__doc__", None)
    shim.notes = what  # type: ignore[attr-defined]
    return shim


def add_attributes(target: ModuleType, found: Callable[[str], Any]) -> None:
    """Let `found(name)` give the attributes that a module lacks (it raises AttributeError).

    The result is kept in the module.
    """
    before = target.__dict__.get("__getattr__")

    def lookup(name: str) -> Any:
        if before is not None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return before(name)
            except AttributeError as error:
                missing = error
        else:
            missing = AttributeError(f"module {target.__name__!r} has no attribute {name!r}")
        try:
            value = found(name)
        except AttributeError:
            raise missing from None
        setattr(target, name, value)
        return value

    target.__getattr__ = lookup  # type: ignore[method-assign]


def install() -> None:
    """Apply the shims in this process: to modules already imported now, to others as they come."""
    if _finder in sys.meta_path:
        return
    for file in FILES:
        importlib.import_module(f"{__name__}.{file}")
    for name, apply in patches.items():
        if name in sys.modules:
            apply(sys.modules[name])
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Apply no further shims (those in modules imported so far stay)."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    _noted.clear()


class _Finder(MetaPathFinder):
    """Finds modules that are gone, and has patches applied to those that are there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in patches and fullname not in modules:
            return None
        spec = _others(fullname, path, target)
        if spec is None or (fullname in modules and _is_hollow(spec)):
            if fullname not in modules:
                return None
            return ModuleSpec(fullname, _Made(), origin="tf1x shim", is_package=True)
        if fullname in patches and spec.loader is not None:
            spec.loader = _Patched(spec.loader)  # type: ignore[assignment]
        return spec


_finder = _Finder()


def _others(name: str, path: Any, target: Any) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is not _finder and (spec := finder.find_spec(name, path, target)) is not None:
            return spec
    return None


def _is_hollow(spec: ModuleSpec) -> bool:
    """Whether a module is there in name only, as SciPy's `scipy.misc` is."""
    return spec.name == "scipy.misc"


class _Made(Loader):
    def exec_module(self, module: ModuleType) -> None:
        modules[module.__name__](module)


class _Patched(Loader):
    """A module's own loader, and after it the patch."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = module.__loader__ = self._loader
        if module.__name__ in preparations:
            preparations[module.__name__]()
        self._loader.exec_module(module)
        patches[module.__name__](module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def is_installed(name: str) -> bool:
    """Whether a library could be imported."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
