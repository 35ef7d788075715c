"""What a syntax tree uses of the modules that it imports: dotted paths with their lines.

Names are followed through imports in all their forms and through assignments of one name to
another (`slim = tf.contrib.slim`), in the order in which the program binds them; what a branch
may have bound stays possible after it. A module that is looked up at run time (`getattr`,
`importlib`) is not guessed at, nor what a function returns; of `x = tf.train.Saver()` it is known
that `x` is one.
"""

# ruff: noqa: N815 - the visitor's methods are named after the nodes
from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: A part of a path that stands for the call of what is before it.
CALLED = "()"

# What a name may mean: dotted paths, and None for anything else.
_Meaning = tuple[str | None, ...]
_Names = dict[str, _Meaning]
_OTHER: _Meaning = (None,)

_CATCH_MISSING = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"}


@dataclass(frozen=True)
class Use:
    """A place where a program names something of a module.

    Attributes:
        paths: what is named, dotted from the top-level module; several where the program binds a
            name in alternative ways.
        line: counted from 1 within the tree.
        keywords: the keyword arguments, if it is called here.
        guarded: the program goes on without it (`try`, `hasattr`, a look at the version).
        is_import: by an import statement.
        is_star: found by its name alone after `from module import *`.
    """

    paths: tuple[str, ...]
    line: int
    keywords: tuple[str, ...] = ()
    guarded: bool = False
    is_import: bool = False
    is_star: bool = False


@dataclass(frozen=True)
class Method:
    """An attribute of a value about which nothing is known."""

    name: str
    line: int


@dataclass
class Found:
    """What a file uses: of modules, and of values."""

    uses: list[Use]
    methods: list[Method]


class Reader:
    """Collects the uses of one namespace: a file, or the cells of a notebook one after another."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        trees = list(trees)
        self._bound = {name for tree in trees for name in _bound_names(tree)}
        self._tested = {pair for tree in trees for pair in _tested_attributes(tree)}
        self._names: _Names = {}
        self._stars: list[str] = []
        self._set: set[str] = set()

    def read(self, tree: ast.Module) -> Found:
        """What a tree uses; names that the trees before it bound are known."""
        visitor = _Visitor(self._bound, self._tested, self._stars, self._set)
        visitor.scope(tree.body, self._names)
        uses = [u for u in visitor.uses if not any(map(self._is_set, u.paths))]
        return Found(uses, visitor.methods)

    def _is_set(self, path: str) -> bool:
        """Whether the program itself put it there: `tf.model = ...`."""
        return any(path == own or path.startswith(f"{own}.") for own in self._set)


def _bound_names(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound anywhere, however."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name


def _tested_attributes(tree: ast.Module) -> Iterator[str]:
    """Names that `hasattr(anything, "name")` asks for, or that the program itself sets."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.Call(func=ast.Name(id="hasattr"), args=[_, ast.Constant(value=str(name))]):
                yield name


class _Visitor(ast.NodeVisitor):
    def __init__(
        self, bound: set[str], tested: set[str], stars: list[str], assigned: set[str]
    ) -> None:
        self.uses: list[Use] = []
        self.methods: list[Method] = []
        self._bound = bound
        self._tested = tested
        self._stars = stars
        self._set = assigned
        self._names: _Names = {}
        self._guards = 0
        # Bodies of functions, read when all of the scope around them is known.
        self._later: list[tuple[ast.AST, int]] = []

    # -- scopes --------------------------------------------------------------------------------

    def scope(self, body: list[ast.stmt], names: _Names) -> None:
        """Read the statements of a module or function, then the functions defined there."""
        outer = self._names, self._later
        self._names, self._later = names, []
        self._block(body)
        guards = self._guards
        for function, around in self._later:
            self._guards = around
            self._function(function, names)
        self._guards = guards
        self._names, self._later = outer

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    def _function(self, node: ast.AST, names: _Names) -> None:
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        inner = {**names, **dict.fromkeys(_parameters(node.args), _OTHER)}
        if isinstance(node, ast.Lambda):
            self.scope([ast.Expr(node.body)], inner)
        else:
            self.scope(node.body, inner)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *_outside(node.args), node.returns):
            if part is not None:
                self.visit(part)
        self._names[node.name] = _OTHER
        self._later.append((node, self._guards))

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in _outside(node.args):
            self.visit(part)
        self._later.append((node, self._guards))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        # Methods do not see the names of the class's body: they are read with those around it.
        around = self._names
        self._names = dict(around)
        self._block(node.body)
        self._names = around
        self._names[node.name] = _OTHER

    # -- branches ------------------------------------------------------------------------------

    def _branches(self, *branches: Iterable[ast.stmt]) -> None:
        """Read each branch from the same start; any of them may have been taken."""
        start, ends = dict(self._names), []
        for branch in branches:
            self._names.clear()
            self._names.update(start)
            self._block(branch)
            ends.append(dict(self._names))
        self._names.clear()
        for name in dict.fromkeys(n for end in ends for n in end):
            meanings = [m for end in ends for m in end.get(name, ())]
            self._names[name] = tuple(dict.fromkeys(meanings))

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        asks = _asks_for_a_version(node.test)
        self._guards += asks
        self._branches(node.body, node.orelse)
        self._guards -= asks

    def _visit_loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if isinstance(node, ast.While):
            self.visit(node.test)
        else:
            self.visit(node.iter)
            self._bind(node.target, _OTHER)
        self._branches([*node.body, *node.orelse], [])

    visit_For = _visit_loop
    visit_AsyncFor = _visit_loop
    visit_While = _visit_loop

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(map(_catches_missing, node.handlers))
        self._guards += guarded
        self._branches([*node.body, *node.orelse], *(h.body for h in node.handlers))
        self._guards -= guarded
        for handler in node.handlers:
            if handler.type is not None:
                self.visit(handler.type)
        self._block(node.finalbody)

    visit_TryStar = visit_Try

    # -- bindings ------------------------------------------------------------------------------

    def _bind(self, target: ast.AST, meaning: _Meaning) -> None:
        match target:
            case ast.Name():
                self._names[target.id] = meaning
            case ast.Tuple() | ast.List():
                for part in target.elts:
                    self._bind(part, _OTHER)
            case ast.Starred():
                self._bind(target.value, _OTHER)
            case _:
                self.visit(target)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            match target, node.value:
                case ((ast.Tuple() | ast.List()), (ast.Tuple() | ast.List())) if len(
                    target.elts
                ) == len(node.value.elts):
                    for part, value in zip(target.elts, node.value.elts, strict=True):
                        self._bind(part, self._meaning(value))
                case _:
                    self._bind(target, self._meaning(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._bind(node.target, self._meaning(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        self._bind(node.target, _OTHER)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target, self._meaning(node.value))

    def _visit_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, _OTHER)
        self._block(node.body)

    visit_With = _visit_with
    visit_AsyncWith = _visit_with

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._block(node.body)

    def _visit_comprehension(self, node: ast.AST) -> None:
        outer = self._names
        self._names = dict(outer)
        for generator in node.generators:  # type: ignore[attr-defined]
            self.visit(generator.iter)
            self._bind(generator.target, _OTHER)
            for test in generator.ifs:
                self.visit(test)
        for field in ("key", "value", "elt"):
            if hasattr(node, field):
                self.visit(getattr(node, field))
        self._names = outer

    visit_ListComp = _visit_comprehension
    visit_SetComp = _visit_comprehension
    visit_DictComp = _visit_comprehension
    visit_GeneratorExp = _visit_comprehension

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._use((alias.name,), node.lineno, is_import=True)
            if alias.asname:
                self._names[alias.asname] = (alias.name,)
            else:
                root = alias.name.partition(".")[0]
                self._names[root] = (root,)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if node.level:  # a module of the program's own
                self._names[alias.asname or alias.name] = _OTHER
            elif alias.name == "*":
                self._use((str(node.module),), node.lineno, is_import=True)
                self._stars.append(str(node.module))
            else:
                path = f"{node.module}.{alias.name}"
                self._use((path,), node.lineno, is_import=True)
                self._names[alias.asname or alias.name] = (path,)

    # -- uses ----------------------------------------------------------------------------------

    def _meaning(self, node: ast.AST) -> _Meaning:
        match node:
            case ast.Name():
                return self._names.get(node.id, _OTHER)
            case ast.Attribute():
                return tuple(p and f"{p}.{node.attr}" for p in self._meaning(node.value))
            case ast.Call():
                return tuple(p and f"{p}.{CALLED}" for p in self._meaning(node.func))
        return _OTHER

    def _use(
        self,
        meaning: _Meaning,
        line: int,
        keywords: tuple[str, ...] = (),
        is_import: bool = False,
        is_star: bool = False,
    ) -> None:
        paths = tuple(p for p in meaning if p)
        if not paths or all(p.endswith(CALLED) for p in paths):  # a value that is handed on
            return
        tested = any(p.rpartition(".")[2] in self._tested for p in paths)
        guarded = bool(self._guards) or tested or len(paths) < len(meaning)
        self.uses.append(Use(paths, line, keywords, guarded, is_import, is_star))

    def visit_Call(self, node: ast.Call) -> None:
        keywords = tuple(k.arg for k in node.keywords if k.arg)
        if isinstance(node.func, ast.Attribute):
            self._attribute(node.func, keywords)
        elif isinstance(node.func, ast.Name):
            self._name(node.func, keywords)
        else:
            self.visit(node.func)
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self._attribute(node, ())
        else:
            self._set |= {p for p in self._meaning(node) if p and f".{CALLED}" not in p}
            self.visit(node.value)

    def _attribute(self, node: ast.Attribute, keywords: tuple[str, ...]) -> None:
        meaning = self._meaning(node)
        self._use(meaning, node.end_lineno or node.lineno, keywords)
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if meaning == _OTHER:
            self.methods.append(Method(node.attr, node.end_lineno or node.lineno))
            self.visit(node.value)
        elif not isinstance(inner, ast.Name):
            self.visit(inner)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._name(node, ())

    def _name(self, node: ast.Name, keywords: tuple[str, ...]) -> None:
        meaning = self._names.get(node.id)
        if meaning:
            # A module under its own name says nothing more than its import did.
            if any(p and "." in p for p in meaning):
                self._use(meaning, node.lineno, keywords)
        elif node.id not in self._bound and not hasattr(builtins, node.id):
            stars = tuple(f"{module}.{node.id}" for module in self._stars)
            self._use(stars or (f"builtins.{node.id}",), node.lineno, keywords, is_star=True)


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    found = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return (a.arg for a in (*found, arguments.vararg, arguments.kwarg) if a is not None)


def _outside(arguments: ast.arguments) -> Iterator[ast.expr]:
    """What of a function's parameters is evaluated where it is defined."""
    found = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    every = (*found, arguments.vararg, arguments.kwarg)
    yield from (a.annotation for a in every if a is not None and a.annotation is not None)
    yield from (d for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None)


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is for modules and attributes that are not there."""
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in _CATCH_MISSING for n in ast.walk(handler.type))


def _asks_for_a_version(test: ast.expr) -> bool:
    for node in ast.walk(test):
        name = getattr(node, "id", None) or getattr(node, "attr", None) or ""
        if "version" in str(name).lower() or name in ("PY2", "PY3"):
            return True
    return False
