"""Which names a piece of code reads and writes, and which of them are read later (liveness).

A *symbol* is a name, or a place reached from one by attributes and constant keys: `x`, `self.x`,
`d['key']`. Symbols are strings. The code has no `break`, `continue` and early `return` any more
(jumps.py), so what follows a statement is what stands after it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = (ast.For, ast.While)


def symbol(node: ast.AST) -> str | None:
    """The symbol that an expression is, or None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        root = symbol(node.value)
        return f"{root}.{node.attr}" if root else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        root = symbol(node.value)
        return f"{root}[{node.slice.value!r}]" if root else None
    return None


def is_plain(name: str) -> bool:
    """Whether a symbol is a name."""
    return name.isidentifier()


def root(name: str) -> str:
    """The name that a symbol starts with."""
    return name.split(".", 1)[0].split("[", 1)[0]


def blocks(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements directly inside of a statement."""
    for field in ("body", "orelse", "finalbody"):
        if isinstance(found := getattr(statement, field, None), list):
            yield found
    for field in ("handlers", "cases"):
        for part in getattr(statement, field, ()):
            yield part.body


class Accesses:
    """The symbols that a statement or expression, with all inside, reads and writes.

    Attributes:
        kept: names of this scope that functions defined inside will read when they are called.
    """

    def __init__(self, nodes: ast.AST | Iterable[ast.AST]) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.kept: set[str] = set()
        for node in [nodes] if isinstance(nodes, ast.AST) else nodes:
            self._visit(node)

    def _visit(self, node: ast.AST, immediate: bool = False) -> None:
        if isinstance(node, ast.Call):
            self._visit(node.func)
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                self._visit(argument, immediate=True)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            self._place(node)
        elif isinstance(node, ast.AugAssign):
            if found := symbol(node.target):
                self.reads.add(found)
            self._children(node)
        elif isinstance(node, ast.Lambda):
            self._nested(node, immediate)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.writes.add(node.name)
            self._nested(node, False)
        elif isinstance(node, _COMPREHENSIONS):
            inner = Accesses(ast.iter_child_nodes(node))
            walrus = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
            own = {w for w in inner.writes if is_plain(w)} - walrus
            self.reads |= {r for r in inner.reads if root(r) not in own}
            self.writes |= inner.writes - own
            self.kept |= inner.kept - own
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.writes |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if node.name:
                self.writes.add(node.name)
            self._children(node)
        else:
            self._children(node)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self._visit(child)
        if extra := getattr(node, "extra_test", None):
            self._visit(extra)

    def _place(self, node: Any) -> None:
        found = symbol(node)
        written = isinstance(node.ctx, (ast.Store, ast.Del))
        if found:
            (self.writes if written else self.reads).add(found)
        if not isinstance(node, ast.Name):
            self._visit(node.value)
        if isinstance(node, ast.Subscript):
            self._visit(node.slice)

    def _nested(self, node: Any, immediate: bool) -> None:
        free = free_names(node)
        self.reads |= free
        if not immediate:
            self.kept |= free


def bound_names(function: Any) -> set[str]:
    """The names that are local to a function: parameters and what it assigns."""
    args = function.args
    names = {a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs]}
    names |= {a.arg for a in (args.vararg, args.kwarg) if a}
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    names |= {w for w in Accesses(body).writes if is_plain(w)}
    return names - declared(body)


def declared(body: Iterable[ast.AST], kind: Any = (ast.Global, ast.Nonlocal)) -> set[str]:
    """The names that `global` and `nonlocal` statements of this scope declare."""
    return {
        name for node in own_nodes(body) if isinstance(node, kind) for name in node.names
    }  # fmt: skip


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a scope without those of functions and classes inside."""
    for node in body:
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield from own_nodes(ast.iter_child_nodes(node))


def free_names(node: Any) -> set[str]:
    """What a nested function or class reads (or rebinds) of the scopes around it."""
    if isinstance(node, ast.ClassDef):
        found = Accesses([*node.body, *node.bases, *node.decorator_list])
        return {root(r) for r in found.reads}
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    inner = Accesses(body)
    names = {root(r) for r in inner.reads | inner.writes} - bound_names(node)
    outside = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    outside += getattr(node, "decorator_list", [])
    return names | {root(r) for r in Accesses(outside).reads}


class Liveness:
    """For each conditional and loop of a function, what is read before it is overwritten: from
    its start on (`before`; for a loop at the start of any iteration), and after it (`after`)."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self._always = Accesses(body).kept | declared(body)
        self._before: dict[ast.AST, set[str]] = {}
        self._after: dict[ast.AST, set[str]] = {}
        self._block(body, set())

    def before(self, node: ast.AST) -> set[str]:
        return self._before[node] | self._always

    def after(self, node: ast.AST) -> set[str]:
        return self._after[node] | self._always

    def _block(self, statements: Iterable[ast.stmt], after: set[str]) -> set[str]:
        for statement in reversed(list(statements)):
            after = self._statement(statement, after)
        return after

    def _statement(self, node: Any, after: set[str]) -> set[str]:
        if isinstance(node, ast.If):
            self._after[node] = after
            found = self._block(node.body, after) | self._block(node.orelse, after)
            self._before[node] = found | Accesses(node.test).reads
            return self._before[node]
        if isinstance(node, LOOPS):
            return self._loop(node, after)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            items = Accesses(node.items)
            return (self._block(node.body, after) - items.writes) | items.reads
        if isinstance(node, (ast.Try, ast.TryStar, ast.Match)):
            return self._parts(node, after)
        found = Accesses(node)
        return (after - found.writes) | found.reads

    def _loop(self, node: Any, after: set[str]) -> set[str]:
        self._after[node] = after
        extra = getattr(node, "extra_test", None)
        test = node.test if isinstance(node, ast.While) else extra
        start = after | (Accesses(test).reads if test else set())
        target = Accesses(node.target) if isinstance(node, ast.For) else Accesses([])
        while True:
            inside = (self._block(node.body, start) - target.writes) | target.reads
            if inside <= start:
                break
            start = start | inside
        self._before[node] = start
        return start | (Accesses(node.iter).reads if isinstance(node, ast.For) else set())

    def _parts(self, node: Any, after: set[str]) -> set[str]:
        """Parts of which any may run, from any place of another on."""
        found = Accesses(node)
        everything = after | found.reads
        for part in blocks(node):
            self._block(part, everything)
        return everything
