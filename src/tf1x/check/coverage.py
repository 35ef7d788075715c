"""Whether tf1x has a symbol, and takes the keywords of a call. Looks in the real namespace."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tf1x import api, importer
from tf1x.check.uses import CALLED
from tf1x.core.opdef import OpDef

ROOT = "tensorflow"
CALL = f".{CALLED}"
_V1 = f"{ROOT}.compat.v1"


@dataclass(frozen=True)
class Answer:
    """What there is of a symbol.

    Attributes:
        exists: whether tf1x has it; true also where only running the program could tell.
        known: the shortest part of the path that is missing, or the whole of it.
        value: the object itself, where it is known.
        needs: the package that has to be installed for it.
    """

    exists: bool
    known: str
    value: Any = None
    needs: str | None = None


def short(path: str) -> str:
    """A path as programs write it: `tf.nn.relu`, whatever the spelling of the module."""
    path = path.replace(CALL, CALLED)
    if path == _V1 or path.startswith(f"{_V1}."):
        path = ROOT + path[len(_V1) :]
    return "tf" + path[len(ROOT) :]


@functools.cache
def look_up(path: str) -> Answer:
    """Follow a dotted path as the program would at run time."""
    importer.install()
    done, value = ROOT, importlib.import_module(ROOT)
    for part in path.split(".")[1:]:
        step = f"{done}.{part}"
        if part == CALLED:
            if not inspect.isclass(value) or _is_dynamic(value):
                return Answer(True, path)
            value = _Instance(value)
        elif isinstance(value, _Instance):  # its attributes are known, not what they are
            names = _instance_attributes(value.of)
            return Answer(names is None or part in names, step)
        else:
            try:
                value = _step(value, step, part)
            except ImportError as error:
                lacks = error.name if isinstance(error, ModuleNotFoundError) else None
                if lacks and lacks.partition(".")[0] not in (ROOT, "tf1x"):
                    return Answer(False, step, needs=lacks.partition(".")[0])
                return Answer(False, step)
            except AttributeError:
                return Answer(False, step)
            if value is None or _is_open(value):
                return Answer(True, path, value if step == path else None)
        done = step
    return Answer(True, path, value)


@dataclass(frozen=True)
class _Instance:
    of: type


def _step(value: Any, path: str, name: str) -> Any:
    try:
        return getattr(value, name)
    except AttributeError:
        if not isinstance(value, ModuleType):
            raise
        return importlib.import_module(path)


def _is_open(value: Any) -> bool:
    """Whether the attributes of an object are known only when it is in use."""
    if isinstance(value, (ModuleType, type)):
        return False
    return callable(value) or hasattr(type(value), "__getattr__")


def _is_dynamic(cls: type) -> bool:
    """Whether what calling a class makes has other attributes than the class tells."""
    makes_others = type(cls).__call__ is not type.__call__ or cls.__new__ is not object.__new__
    foreign = not str(cls.__module__).startswith("tf1x.")
    return makes_others or foreign or hasattr(cls, "__getattr__")


@functools.cache
def _instance_attributes(cls: type) -> frozenset[str] | None:
    """What an instance has: attributes of its classes, and what their methods assign to `self`.

    None if these have names that only the program knows.
    """
    names = set(dir(cls))
    for part in cls.__mro__[:-1]:
        names |= set(getattr(part, "__annotations__", ()))
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name, ctx=ast.Store()):
                    names.add(name)
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id="self"), *_]):
                    return None
    return frozenset(names)


# -- keywords ----------------------------------------------------------------------------------


def unknown_keywords(value: Any, keywords: Iterable[str]) -> list[str]:
    """Those of a call's keywords that the function or class does not take, where that is certain."""
    keywords = list(keywords)
    if not keywords or not callable(value):
        return []
    accepted = accepted_keywords(value)
    return [] if accepted is None else [k for k in keywords if k not in accepted]


def accepted_keywords(value: Any) -> set[str] | None:
    """The names of the keywords that a callable takes; None if its signature does not tell."""
    definition = getattr(value, "opdef", None)
    if isinstance(definition, OpDef):
        return _with_renamed(definition.parameters, value)
    fields = getattr(getattr(value, "DESCRIPTOR", None), "fields_by_name", None)
    if fields is not None:
        return set(fields)
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return _with_renamed((p.name for p in parameters if p.kind is not p.VAR_POSITIONAL), value)


def _with_renamed(names: Iterable[str], value: Any) -> set[str]:
    """The names, and those that `api.renamed` accepts for them."""
    return set(names).union(*(w.renamed for w in _wrappers(value) if hasattr(w, "renamed")))


def _wrappers(value: Any) -> Iterator[Any]:
    """A function and what it wraps; of a class, its constructor."""
    if inspect.isclass(value):
        yield from _wrappers(value.__new__)
        value = value.__init__
    while value is not None:
        yield value
        value = getattr(value, "__wrapped__", None)


def close_names(path: str) -> list[str]:
    """Names that a missing symbol may have meant or become."""
    if CALL in path:
        return []
    name = short(path).removeprefix("tf.")
    return ["tf." + n for n in api.close_names(name, api.names())]
