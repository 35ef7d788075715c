"""Rewriting the program's own source in memory, as it is imported.

These rewritings, of the program's files only (not of installed packages):
- attributes that values of Python and NumPy have no more (`array.tostring()`, `dict.iteritems()`)
  go through `attribute`, which gives what replaced them where they are missing; so do functions
  of NumPy that lost arguments (`np.reshape(x, newshape=...)`, shims/numpy_calls.py);
- `float(x)`, `int(x)` and `"%f" % x` take arrays of one element, as they did until NumPy 2.4;
- `tf1x run --py2` first has the 2to3 fixers translate Python 2 (print statements, `except E, e`).

The file on the disk stays as it is, and line numbers in errors are those of the file.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from tf1x.importer.shims import note, numpy_calls

_HELPER, _NUMBER, _FORMATTED = "__tf1x_attribute__", "__tf1x_number__", "__tf1x_formatted__"
_REWRITTEN = "__tf1x_rewritten__"
_KINDS = ("float", "int")

#: Attributes that are gone -> what to take of a value that lacks it.
REPLACED: dict[str, Callable[[Any], Any]] = {
    "tostring": lambda x: x.tobytes,  # ndarray, until NumPy 2.2
    "itemset": lambda x: lambda *args: x.__setitem__(args[:-1], args[-1]),  # ndarray, until 2.0
    "has_key": lambda x: x.__contains__,
    "decode": lambda x: _text_decode(x),
    "iteritems": lambda x: partial(_iterated, x.items),
    "itervalues": lambda x: partial(_iterated, x.values),
    "iterkeys": lambda x: partial(_iterated, x.keys),
    "viewitems": lambda x: x.items,
    "viewvalues": lambda x: x.values,
    "viewkeys": lambda x: x.keys,
}


def _text_decode(value: Any) -> Callable[..., str]:
    """`str.decode` of Python 2: a text is decoded already."""
    if not isinstance(value, str):
        raise AttributeError("decode")
    return lambda encoding="utf-8", errors="strict": value


def _iterated(view: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    return iter(view())


def attribute(value: Any, name: str) -> Any:
    """`value.name`, or what replaced it."""
    if value is np and name in numpy_calls.functions():
        return numpy_calls.functions()[name]
    try:
        return getattr(value, name)
    except AttributeError as error:
        try:
            found = REPLACED[name](value)
        except (AttributeError, KeyError):
            raise error from None
        note(f"{type(value).__name__}.{name} (removed) is made from what replaced it")
        return found


class _Rewriter(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        if node.attr not in REPLACED and node.attr not in numpy_calls.functions():
            return node
        return _call(node, _HELPER, node.value, ast.Constant(node.attr))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        converts = isinstance(node.func, ast.Name) and node.func.id in _KINDS
        if not converts or len(node.args) != 1 or node.keywords:
            return node
        if isinstance(node.args[0], ast.Starred):
            return node
        return _call(node, _NUMBER, node.func, node.args[0])

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left = node.left
        if not isinstance(node.op, ast.Mod) or not isinstance(left, ast.Constant):
            return node
        if not isinstance(left.value, str):
            return node
        return _call(node, _FORMATTED, left, node.right)


def _call(node: ast.expr, helper: str, *args: ast.expr) -> ast.AST:
    call = ast.Call(ast.Name(helper, ast.Load()), list(args), [])
    return ast.fix_missing_locations(ast.copy_location(call, node))


def rewritten(tree: ast.Module) -> ast.Module:
    """A program's tree with the rewritings."""
    return _Rewriter().visit(tree)  # type: ignore[no-any-return]


def compiled(source: bytes | str, filename: str, py2: bool = False) -> CodeType:
    """The code of a file of the program, rewritten.

    Raises:
        SyntaxError: it is not Python (3, unless `py2`).
    """
    if py2:
        source = to_python3(source, filename)
    try:
        tree = ast.parse(source, filename)
    except SyntaxError as error:
        raise error.with_traceback(None)  # noqa: B904 - the parser's own frames tell nothing
    code: CodeType = compile(rewritten(tree), filename, "exec", dont_inherit=True)
    return code


# -- Python 2 ----------------------------------------------------------------------------------

# Fixers that keep the number of lines, so that errors name the right one; imports and names that
# Python 2 had built in are the shims' affair.
_FIXERS = (
    "apply", "dict", "except", "exec", "exitfunc", "funcattrs", "has_key", "idioms", "ne", "next",
    "nonzero", "numliterals", "operator", "paren", "print", "raise", "repr", "standarderror",
    "sys_exc", "throw", "tuple_params", "types", "ws_comma", "unicode", "itertools_imports",
    "itertools", "map", "filter", "zip", "methodattrs", "metaclass", "xrange", "long",
)  # fmt: skip


def to_python3(source: bytes | str, filename: str) -> str:
    """Python 2 source as Python 3; unchanged if it is that already.

    Raises:
        RuntimeError: neither fissix nor lib2to3 is installed.
        SyntaxError: it is neither.
    """
    text = source if isinstance(source, str) else _decoded(source)
    try:
        ast.parse(text, filename)
    except SyntaxError as error:
        return _translated(text, filename, error)
    return text


def _decoded(source: bytes) -> str:
    from importlib.util import decode_source

    return decode_source(source)


def _translated(text: str, filename: str, error: SyntaxError) -> str:
    refactor, package = _refactoring()
    tool = refactor.RefactoringTool([f"{package}.fixes.fix_{name}" for name in _FIXERS])
    try:
        translated = str(
            tool.refactor_string(text if text.endswith("\n") else text + "\n", filename)
        )
    except Exception as failure:  # the tool's parse errors have no common class
        raise error from failure
    note(f"{filename} was translated from Python 2")
    return translated


def _refactoring() -> tuple[Any, str]:
    try:
        from fissix import refactor

        return refactor, "fissix"
    except ImportError:
        pass
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from lib2to3 import refactor
    except ImportError:
        raise RuntimeError(
            "tf1x run --py2 needs the package fissix (2to3's fixers): pip install fissix"
        ) from None
    return refactor, "lib2to3"


# -- importing ---------------------------------------------------------------------------------


class _Loader(SourceFileLoader):
    py2 = False

    def get_code(self, fullname: str) -> CodeType:
        """From the source; bytecode on the disk is that of the file as it is."""
        path = self.get_filename(fullname)
        return compiled(self.get_data(path), path, self.py2)


class _Py2Loader(_Loader):
    py2 = True


_OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


class Finder(MetaPathFinder):
    """Finds modules of the program, that is, all that are not installed."""

    def __init__(self, py2: bool = False) -> None:
        self._loader = _Py2Loader if py2 else _Loader
        paths = sysconfig.get_paths()
        self._installed = tuple(
            {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        )

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return None
        if spec.origin.startswith(self._installed) or "site-packages" in spec.origin:
            return None
        if spec.origin.startswith(_OURS):  # under whatever name (tensorflow.keras.layers)
            return None
        spec.loader = self._loader(fullname, spec.origin)
        return spec


def install(py2: bool = False) -> None:
    """Rewrite what the program imports from now on."""
    setattr(builtins, _HELPER, attribute)
    setattr(builtins, _NUMBER, numpy_calls.number)
    setattr(builtins, _FORMATTED, numpy_calls.formatted)
    setattr(builtins, _REWRITTEN, rewritten)  # for functions that lib/autograph makes anew
    sys.meta_path.insert(0, Finder(py2))


def run_path(path: str, py2: bool = False) -> None:
    """Execute a script as `__main__`."""
    module = ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    with open(path, "rb") as file:
        code = compiled(file.read(), path, py2)
    sys.modules["__main__"] = module
    exec(code, vars(module))
