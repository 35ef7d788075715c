"""Python's own library: what Python 2 and early Python 3 had."""

from __future__ import annotations

import builtins
import collections
import collections.abc
import functools
import importlib
import importlib.util
import inspect
import itertools
import sys
import threading
import time
import unittest
from types import ModuleType
from typing import Any

from tf1x.importer.shims import add_attributes, module, note, noting, patch

ArgSpec = collections.namedtuple("ArgSpec", ["args", "varargs", "keywords", "defaults"])


def _getargspec(function: Any) -> ArgSpec:
    """Names and defaults of a function's parameters, as before Python 3.11.

    Raises:
        ValueError: it has keyword-only parameters or annotations.
    """
    found = inspect.getfullargspec(function)
    if found.kwonlyargs:
        raise ValueError("Function has keyword-only parameters; use inspect.signature.")
    return ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


def _table(names: dict[str, tuple[str, Any]], where: str) -> Any:
    """A lookup in names -> (what it is now, value)."""

    def found(name: str) -> Any:
        if name not in names:
            raise AttributeError(name)
        now, value = names[name]
        note(f"{where}.{name} is {now}")
        return value

    return found


@patch("time")
def _time(target: ModuleType) -> None:
    add_attributes(target, _table({"clock": ("time.process_time", time.process_time)}, "time"))


@patch("inspect")
def _inspect(target: ModuleType) -> None:
    names = {
        "getargspec": ("made from inspect.getfullargspec", _getargspec),
        "formatargspec": ("made from inspect.signature", _formatargspec),
    }
    add_attributes(target, _table(names, "inspect"))


def _formatargspec(args: Any, varargs: Any = None, varkw: Any = None, defaults: Any = None) -> str:
    parts = list(args)
    for i, value in enumerate(defaults or ()):
        parts[len(args) - len(defaults) + i] += f"={value!r}"
    parts += [f"*{varargs}"] if varargs else []
    parts += [f"**{varkw}"] if varkw else []
    return f"({', '.join(parts)})"


@patch("collections")
def _collections(target: ModuleType) -> None:
    def found(name: str) -> Any:
        if name not in collections.abc.__all__:
            raise AttributeError(name)
        note(f"collections.{name} is collections.abc.{name}")
        return getattr(collections.abc, name)

    add_attributes(target, found)


@patch("itertools")
def _itertools(target: ModuleType) -> None:
    # A module in C has no __getattr__ of its own that could be set usefully before Python 3.12.
    for old, new in (
        ("izip", zip), ("imap", map), ("ifilter", filter),
        ("izip_longest", itertools.zip_longest), ("ifilterfalse", itertools.filterfalse),
    ):  # fmt: skip
        if not hasattr(target, old):
            setattr(target, old, noting(f"itertools.{old} is {new.__name__}", new))


@patch("fractions")
def _fractions(target: ModuleType) -> None:
    import math

    add_attributes(target, _table({"gcd": ("math.gcd", math.gcd)}, "fractions"))


@patch("base64")
def _base64(target: ModuleType) -> None:
    import base64

    names = {
        "encodestring": ("base64.encodebytes", base64.encodebytes),
        "decodestring": ("base64.decodebytes", base64.decodebytes),
    }
    add_attributes(target, _table(names, "base64"))


@patch("string")
def _string(target: ModuleType) -> None:
    import string

    names = {
        "letters": ("string.ascii_letters", string.ascii_letters),
        "lowercase": ("string.ascii_lowercase", string.ascii_lowercase),
        "uppercase": ("string.ascii_uppercase", string.ascii_uppercase),
        "maketrans": ("str.maketrans", str.maketrans),
        "join": ("str.join", lambda words, sep=" ": sep.join(words)),
    }
    add_attributes(target, _table(names, "string"))


@patch("os")
def _os(target: ModuleType) -> None:
    import errno
    import os

    names = {"getcwdu": ("os.getcwd", os.getcwd), "errno": ("the module errno", errno)}
    add_attributes(target, _table(names, "os"))


@patch("sys")
def _sys(target: ModuleType) -> None:
    if not hasattr(target, "maxint"):
        target.maxint = sys.maxsize  # type: ignore[attr-defined]
    if not hasattr(target, "setdefaultencoding"):
        target.setdefaultencoding = noting(  # type: ignore[attr-defined]
            "sys.setdefaultencoding does nothing (it is UTF-8)", lambda encoding: None
        )


@patch("platform")
def _platform(target: ModuleType) -> None:
    import platform

    def linux_distribution(*args: Any, **kwargs: Any) -> tuple[str, str, str]:
        try:
            found = platform.freedesktop_os_release()
        except OSError:
            found = {}
        return (
            found.get("NAME", ""),
            found.get("VERSION_ID", ""),
            found.get("VERSION_CODENAME", ""),
        )

    what = "read from /etc/os-release", linux_distribution
    add_attributes(target, _table({"linux_distribution": what, "dist": what}, "platform"))


@patch("threading")
def _threading(target: ModuleType) -> None:
    if not hasattr(threading.Thread, "isAlive"):
        threading.Thread.isAlive = lambda self: self.is_alive()  # type: ignore[attr-defined]


@patch("unittest")
def _unittest(target: ModuleType) -> None:
    """Names that TestCase had until Python 3.11, and Python 2's."""
    case = unittest.TestCase
    for old, new in (
        ("assertEquals", "assertEqual"), ("assertNotEquals", "assertNotEqual"),
        ("assert_", "assertTrue"), ("failUnless", "assertTrue"), ("failIf", "assertFalse"),
        ("assertAlmostEquals", "assertAlmostEqual"), ("assertRegexpMatches", "assertRegex"),
        ("assertNotRegexpMatches", "assertNotRegex"), ("assertRaisesRegexp", "assertRaisesRegex"),
        ("assertItemsEqual", "assertCountEqual"),
    ):  # fmt: skip
        if not hasattr(case, old):
            setattr(case, old, _renamed_method(new))


def _renamed_method(new: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, new)(*args, **kwargs)

    method.__name__ = new
    return method


# -- names that Python 2 had built in ----------------------------------------------------------


@patch("builtins")
def _builtins(target: ModuleType) -> None:
    for name, value in (
        ("xrange", range), ("unicode", str), ("long", int), ("unichr", chr),
        ("basestring", str), ("raw_input", input), ("reduce", functools.reduce),
        ("cmp", lambda a, b: (a > b) - (a < b)), ("reload", importlib.reload),
        ("execfile", _execfile), ("file", open),
    ):  # fmt: skip
        if not hasattr(builtins, name):
            setattr(builtins, name, value)


def _execfile(filename: str, globals: Any = None, locals: Any = None) -> None:
    note("execfile compiles and runs the file's text")
    if globals is None:
        globals = sys._getframe(1).f_globals
    with open(filename, "rb") as file:
        exec(compile(file.read(), filename, "exec"), globals, locals)


# -- modules with new names --------------------------------------------------------------------

_RENAMED = {
    "cPickle": "pickle", "Queue": "queue", "ConfigParser": "configparser", "StringIO": "io",
    "cStringIO": "io", "urlparse": "urllib.parse", "httplib": "http.client",
    "HTMLParser": "html.parser", "Tkinter": "tkinter", "__builtin__": "builtins",
    "copy_reg": "copyreg", "xml.etree.cElementTree": "xml.etree.ElementTree",
    "cookielib": "http.cookiejar", "SocketServer": "socketserver", "thread": "_thread",
    "exceptions": "builtins",
}  # fmt: skip


@module(*_RENAMED)
def _renamed_module(made: ModuleType) -> None:
    new = _RENAMED[made.__name__]
    note(f"the module {made.__name__} is {new}")
    source = importlib.import_module(new)
    made.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("__")})


@module("urllib2")
def _urllib2(made: ModuleType) -> None:
    import urllib.error
    import urllib.parse
    import urllib.request

    note("the module urllib2 is urllib.request and urllib.error")
    for source in (urllib.parse, urllib.error, urllib.request):
        made.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("_")})


@patch("urllib")
def _urllib(target: ModuleType) -> None:
    def found(name: str) -> Any:
        for new in ("urllib.request", "urllib.parse"):
            source = importlib.import_module(new)
            if name in getattr(source, "__all__", ()):
                note(f"urllib.{name} is {new}.{name}")
                return getattr(source, name)
        raise AttributeError(name)

    add_attributes(target, found)


@module("imp")
def _imp(made: ModuleType) -> None:
    """Python had `imp` until 3.11: of it `load_source` and `reload`."""

    def load_source(name: str, pathname: str, file: Any = None) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, pathname)
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        spec.loader.exec_module(found)
        return found

    note("the module imp is made from importlib")
    made.load_source = load_source  # type: ignore[attr-defined]
    made.reload = importlib.reload  # type: ignore[attr-defined]
    made.new_module = ModuleType  # type: ignore[attr-defined]
