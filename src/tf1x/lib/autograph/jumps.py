"""`break`, `continue` and early `return` as flags, so that code only ever goes on below.

A jump sets its flag; what would have been skipped stands under `if not flag`, or in the other
branch of the `if` that jumps; loops test the flag of their `break`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from tf1x.lib.autograph.names import FUNCTIONS, LOOPS, blocks, own_nodes
from tf1x.lib.autograph.pieces import operator_call, thunk, variable

RETURNED = "returned"  # the operator that gives a function's result


def lower(function: ast.FunctionDef, fresh: Any) -> str | None:
    """Rewrite a function in place.

    Args:
        fresh: gives a name that the function does not use, from a wish.

    Returns:
        The name that carries the result, or None where `return` stays as it is.
    """
    result = fresh("retval_") if _returns_early(function.body) else None
    lowering = _Lowering(fresh, result)
    where, definite = function.body[-1], _leaves(function.body, returns_only=True)
    body = lowering.block(function.body)
    if result is not None:
        end: ast.expr = variable(result)
        if not definite:
            lowering.used.add(lowering.returns)
            end = operator_call(RETURNED, [variable(lowering.returns), thunk(variable(result))])
        first = [_assign(lowering.returns, False, where)]
        body = [*first, *body, _at(ast.Return(end), where)]
    function.body = _without_unused(body, lowering.flags - lowering.used)
    return result


def _returns_early(body: list[ast.stmt]) -> bool:
    """Whether a `return` stands inside of a conditional or a loop."""
    inner = [n for n in own_nodes(body) if isinstance(n, (ast.If, *LOOPS))]
    return any(isinstance(n, ast.Return) for n in own_nodes(inner))


class _Lowering:
    """
    Attributes:
        flags, used: all flags, and those that something tests.
        returns: the flag that says that the function has returned.
    """

    def __init__(self, fresh: Any, result: str | None) -> None:
        self._fresh = fresh
        self._result = result
        self.returns = fresh("do_return") if result else ""
        self.flags: set[str] = {self.returns}
        self.used: set[str] = set()
        self._break = self._continue = ""

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for place, node in enumerate(statements):
            rest = statements[place + 1 :]
            if jump := self._jump(node):
                return out + jump
            flags = self._exits(node)
            if flags and rest and isinstance(node, ast.If):
                leaves = _leaves(node.body), _leaves(node.orelse)
                if all(leaves):
                    rest = []
                elif any(leaves):  # the rest belongs to the branch that goes on
                    part = node.orelse if leaves[0] else node.body
                    part += rest
                    rest = []
            out += self._inside(node)
            if flags:
                if rest:
                    test = self._none_of(flags, rest[0])
                    after = self.block(rest)
                    if self.returns in flags and self.returns in self._exits(ast.Module(rest, [])):
                        after.insert(0, _assign(self.returns, False, rest[0]))  # known here
                    out.append(_at(ast.If(test, after, []), rest[0]))
                return out
        return out

    def _jump(self, node: ast.stmt) -> list[ast.stmt] | None:
        if isinstance(node, ast.Return) and self._result:
            value = node.value or ast.Constant(None)
            return [
                _at(ast.Assign([variable(self._result, ast.Store())], value), node),
                _assign(self.returns, True, node),
            ]
        if isinstance(node, ast.Break):
            return [_assign(self._break, True, node)]
        if isinstance(node, ast.Continue):
            return [_assign(self._continue, True, node)]
        return None

    def _exits(self, node: ast.AST) -> list[str]:
        """The flags of the jumps that may leave a statement."""
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return []
        found: dict[str, None] = {}
        if isinstance(node, ast.Return) and self._result:
            found[self.returns] = None
        elif isinstance(node, ast.Break):
            found[self._break] = None
        elif isinstance(node, ast.Continue):
            found[self._continue] = None
        for part in blocks(node):
            for inner in part:
                found.update(dict.fromkeys(self._exits(inner)))
        if isinstance(node, LOOPS):  # its own jumps stay inside
            return [f for f in found if f == self.returns and f]
        return list(found)

    def _none_of(self, flags: Iterable[str], where: ast.AST) -> ast.expr:
        self.used.update(flags)
        tests: list[ast.expr] = [ast.UnaryOp(ast.Not(), variable(f)) for f in flags]
        return _at(tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests), where)

    def _inside(self, node: Any) -> list[ast.stmt]:
        """A statement with what stands in it lowered, and what goes with it."""
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return [node]
        if isinstance(node, LOOPS):
            return self._loop(node)
        if isinstance(node, (ast.Try, ast.TryStar)) and node.orelse:
            flags = self._exits(ast.Module(node.body, []))
            orelse = self.block(node.orelse)
            if flags:
                orelse = [_at(ast.If(self._none_of(flags, node), orelse, []), node)]
            node.orelse = orelse
        for field in ("body", "orelse", "finalbody"):
            part = getattr(node, field, None)
            if isinstance(part, list) and not (
                field == "orelse" and isinstance(node, (ast.Try, ast.TryStar))
            ):
                setattr(node, field, self.block(part))
        for field in ("handlers", "cases"):
            for inner in getattr(node, field, ()):
                inner.body = self.block(inner.body)
        return [node]

    def _loop(self, node: Any) -> list[ast.stmt]:
        outer = self._break, self._continue
        own = list(_own_jumps(node.body))
        before: list[ast.stmt] = []
        body: list[ast.stmt] = []
        exits: list[str] = []
        if any(isinstance(n, ast.Break) for n in own):
            self._break = self._fresh("break_")
            self.flags.add(self._break)
            before.append(_assign(self._break, False, node))
            exits.append(self._break)
        if any(isinstance(n, ast.Continue) for n in own):
            self._continue = self._fresh("continue_")
            self.flags.add(self._continue)
            body.append(_assign(self._continue, False, node))
        if self._exits(node):
            exits.append(self.returns)
        node.body = body + self.block(node.body)
        self._break, self._continue = outer
        if exits:
            going_on = self._none_of(exits, node)
            if isinstance(node, ast.For):
                node.extra_test = going_on
            else:
                parts = going_on.values if isinstance(going_on, ast.BoolOp) else [going_on]
                node.test = _at(ast.BoolOp(ast.And(), [*parts, node.test]), node.test)
        orelse, node.orelse = node.orelse, []
        after: list[ast.stmt] = []
        if orelse:
            after = self.block(orelse)
            if exits:
                after = [_at(ast.If(self._none_of(exits, node), after, []), node)]
        return [*before, node, *after]


def _own_jumps(body: list[ast.stmt]) -> Iterable[ast.AST]:
    """`break` and `continue` of the loop whose body this is."""
    for node in body:
        if isinstance(node, (ast.Break, ast.Continue)):
            yield node
        elif isinstance(node, LOOPS):
            yield from _own_jumps(node.orelse)
        elif not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            for part in blocks(node):
                yield from _own_jumps(part)


def _leaves(statements: list[ast.stmt], returns_only: bool = False) -> bool:
    """Whether no path gets to the end of a block."""
    leaving: Any = (ast.Return, ast.Raise)
    if not returns_only:
        leaving = (*leaving, ast.Break, ast.Continue)
    for node in statements:
        if isinstance(node, leaving):
            return True
        if isinstance(node, ast.If):
            if _leaves(node.body, returns_only) and _leaves(node.orelse, returns_only):
                return True
        elif isinstance(node, ast.With):
            if _leaves(node.body, returns_only):
                return True
        elif isinstance(node, ast.Try):
            whole = _leaves([*node.body, *node.orelse], returns_only)
            if _leaves(node.finalbody, returns_only) or (
                whole and all(_leaves(h.body, returns_only) for h in node.handlers)
            ):
                return True
    return False


class _Unused(ast.NodeTransformer):
    def __init__(self, flags: set[str]) -> None:
        self._flags = flags

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        return None if isinstance(target, ast.Name) and target.id in self._flags else node


def _without_unused(body: list[ast.stmt], flags: set[str]) -> list[ast.stmt]:
    """The block without assignments to flags that nothing tests."""
    module = ast.Module(body, [])
    _Unused(flags).visit(module)
    for node in ast.walk(module):
        if isinstance(node, (ast.If, *LOOPS)) and not node.body:
            node.body = [_at(ast.Pass(), node)]
    return module.body


def _assign(name: str, value: bool, where: ast.AST) -> ast.stmt:
    return _at(ast.Assign([variable(name, ast.Store())], ast.Constant(value)), where)


def _at(node: Any, where: ast.AST) -> Any:
    """A new node, and all new ones in it, at the place of an old one."""
    if not hasattr(node, "lineno"):
        ast.copy_location(node, where)
    node.end_lineno, node.end_col_offset = node.lineno, node.col_offset
    return ast.fix_missing_locations(node)
