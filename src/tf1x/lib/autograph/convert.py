"""Functions made anew from their rewritten source: which, when, and how.

A converted function has the globals, closure cells, defaults, file name and line numbers of the
original. Code is converted once; what is made for each call is only the function object around it.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import inspect
import os
import sysconfig
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tf1x.core.operation import _PACKAGE, Frame
from tf1x.lib.autograph import source
from tf1x.lib.autograph.pieces import OPERATORS
from tf1x.lib.autograph.rewrite import MADE, is_generator, rewritten

_UNCONVERTED = "_tf1x_do_not_convert"
# `tf1x run` leaves here how it rewrites old spellings (importer/old_source.py).
_SPELLINGS = "__tf1x_rewritten__"
# Libraries without Python control flow on tensors of ours.
_LIBRARIES = frozenset({
    "tf1x", "tensorflow", "tensorboard", "keras", "jax", "jaxlib", "numpy", "scipy", "pandas",
    "matplotlib", "absl", "six", "pytest", "_pytest", "hypothesis", "mock", "IPython", "sklearn",
})  # fmt: skip
_PAUSING = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_STDLIB = sysconfig.get_path("stdlib") + os.sep

_made: weakref.WeakSet[types.CodeType] = weakref.WeakSet()
_converted: weakref.WeakKeyDictionary[types.CodeType, dict[bool, Any]] = weakref.WeakKeyDictionary()
_warned: weakref.WeakSet[types.CodeType] = weakref.WeakSet()
_lock = threading.RLock()


def converted(
    function: Callable[..., Any], recursive: bool = True, warns: bool = True
) -> Callable[..., Any]:
    """What to call instead of `function`; itself where there is nothing to convert.

    Args:
        recursive: whether the functions that it calls are converted too.
        warns: whether it is told when the source cannot be read.
    """
    if isinstance(function, functools.partial):
        inner = converted(function.func, recursive, warns)
        if inner is function.func:
            return function
        return functools.partial(inner, *function.args, **function.keywords)
    if isinstance(function, types.MethodType):
        inner = converted(function.__func__, recursive, warns)
        return (
            function if inner is function.__func__ else types.MethodType(inner, function.__self__)
        )
    if isinstance(function, types.FunctionType):
        return _function(function, recursive, warns)
    if isinstance(function, type):
        return function
    call = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(call, types.FunctionType):
        inner = converted(call, recursive, warns)
        if inner is not call:
            return types.MethodType(inner, function)
    return function


@contextmanager
def unbound_locals() -> Iterator[None]:
    """In converted code a local variable of the user's may be one of a function around: an error
    about it is the one that Python would raise."""
    try:
        yield
    except UnboundLocalError:
        raise
    except NameError as error:
        if "free variable" not in str(error):
            raise
        text = str(error).replace("free variable", "local variable")
        raise UnboundLocalError(text.partition(" in enclosing scope")[0]).with_traceback(
            error.__traceback__
        ) from None


def called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What a converted function returns.

    Raises:
        TypeError: Python's control flow on a tensor at a line that was not converted.
    """
    try:
        with unbound_locals():
            return function(*args, **kwargs)
    except TypeError as error:
        if "as a Python `bool`" in str(error) or "only iterable when" in str(error):
            where = _line_of(error)
            raise TypeError(
                f"{error}\n  at {where}\nAutoGraph did not convert this line: it is off "
                "(autograph=False, do_not_convert), the source cannot be read, or the line stands in "
                "a generator, a comprehension or a library. Use tf.cond, tf.while_loop or tf.map_fn."
            ) from None
        raise


def _line_of(error: BaseException) -> Frame | None:
    """The innermost line of the user's program that led to an error."""
    found, step = None, error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            found = Frame(code.co_filename, step.tb_lineno, code.co_name)
        step = step.tb_next
    return found


def unconverted(function: Any) -> Any:
    """Mark a function: it is called as it is, and so is what it calls."""
    with suppress(AttributeError):  # a builtin is not converted anyway
        setattr(function, _UNCONVERTED, True)
    return function


def code_of(function: Callable[..., Any], recursive: bool = True) -> str:
    """The source that a function is converted to.

    Raises:
        UnsupportedError: its own source cannot be read.
    """
    function = inspect.unwrap(getattr(function, "python_function", function))
    node, _ = _tree(function.__code__, recursive)
    return ast.unparse(node) + "\n"


@functools.lru_cache(1024)
def _library(filename: str) -> bool:
    """Whether a file belongs to Python or to a library that knows nothing of our tensors."""
    if filename.startswith((_PACKAGE, "<frozen ")):
        return True
    for folder in ("site-packages", "dist-packages"):
        _, found, inside = filename.partition(f"{os.sep}{folder}{os.sep}")
        if found:
            return inside.split(os.sep)[0].removesuffix(".py") in _LIBRARIES
    return filename.startswith(_STDLIB)


def _function(function: types.FunctionType, recursive: bool, warns: bool) -> types.FunctionType:
    code = function.__code__
    if (
        code in _made
        or getattr(function, _UNCONVERTED, False)
        or _library(code.co_filename)
        or code.co_flags & _PAUSING
    ):
        return function
    with _lock:
        known = _converted.setdefault(code, {})
        if recursive not in known:
            known[recursive] = _converted_code(function, recursive, warns)
    made = known[recursive]
    return function if made is None else _around(made, function)


def _converted_code(
    function: types.FunctionType, recursive: bool, warns: bool
) -> types.CodeType | None:
    """The code of the converted function; None where it stays as it is."""
    code = function.__code__
    try:
        node, changed = _tree(code, recursive)
    except source.NoSource as error:
        if warns and code not in _warned:
            _warned.add(code)
            from tf1x.lib import logging

            logging.warning(
                "AutoGraph could not transform %s and will run it as-is.\nCause: %s\nTo silence "
                "this warning, decorate the function with @tf.autograph.experimental.do_not_convert",
                function, error,
            )  # fmt: skip
        return None
    return _compiled(node, code) if changed else None


def _tree(code: types.CodeType, recursive: bool) -> tuple[Any, bool]:
    """A function's rewritten definition, and whether anything was rewritten."""
    found = source.find(code)
    node = copy.deepcopy(found.node)
    if is_generator(node):
        return node, False
    changed = rewritten(node, recursive)
    if isinstance(node, ast.FunctionDef):
        node.decorator_list = []
    node.owner = found.owner  # type: ignore[union-attr]
    return node, changed


def _compiled(node: Any, code: types.CodeType) -> types.CodeType:
    """Compile a definition where its closure's names are variables of a function around it."""
    node = copy.deepcopy(node)
    node.args.defaults = []
    node.args.kw_defaults = [None] * len(node.args.kwonlyargs)
    name = code.co_name
    if isinstance(node, ast.FunctionDef):
        node.returns = None
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
    inner: ast.stmt = ast.Expr(node) if isinstance(node, ast.Lambda) else node
    if node.owner is not None and "__" in ast.dump(node):  # private names carry the class's
        inner = ast.ClassDef(node.owner, [], [], [inner], [])
    free = [ast.arg(n) for n in sorted({*code.co_freevars, OPERATORS})]
    arguments = ast.arguments([], free, None, [], [], None, [])
    factory = ast.FunctionDef("factory", arguments, [inner], [])
    module = ast.Module([ast.copy_location(factory, node)], [])
    ast.fix_missing_locations(module)
    if (spellings := getattr(builtins, _SPELLINGS, None)) is not None:
        module = spellings(module)
    flags = code.co_flags & _future_flags()
    compiled = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    made = _inside(_inside(compiled))
    if isinstance(inner, ast.ClassDef):
        made = _inside(made)
    result = _named(made, name).replace(co_qualname=code.co_qualname)
    _note(result)
    return result


@functools.cache
def _future_flags() -> int:
    import __future__

    flags = 0
    for feature in __future__.all_feature_names:
        flags |= getattr(__future__, feature).compiler_flag
    return flags & ~inspect.CO_NESTED & ~inspect.CO_GENERATOR


def _inside(code: types.CodeType) -> types.CodeType:
    """The first code object among the constants of another."""
    return next(c for c in code.co_consts if isinstance(c, types.CodeType))


def _named(code: types.CodeType, name: str) -> types.CodeType:
    """The functions made of blocks under the name of the function that the user wrote."""
    consts = tuple(
        _named(c, name if c.co_name.startswith(MADE) or c.co_name == "<lambda>" else c.co_name)
        if isinstance(c, types.CodeType)
        else c
        for c in code.co_consts
    )
    return code.replace(co_consts=consts, co_name=name)


def _note(code: types.CodeType) -> None:
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return  # the body of a class: its methods are converted when they are called
    _made.add(code)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            _note(inner)


def _around(code: types.CodeType, function: types.FunctionType) -> types.FunctionType:
    """A function of the converted code, in the place of the original."""
    from tf1x.lib.autograph import operators

    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[OPERATORS] = types.CellType(operators)
    made = types.FunctionType(
        code,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells[n] for n in code.co_freevars),
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = function.__annotations__
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__qualname__ = function.__qualname__
    made.__dict__.update(function.__dict__)
    return made
