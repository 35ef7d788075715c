"""From a function's syntax tree to one in which control flow is calls of operators.

The branches of an `if` and the body of a loop become functions without arguments, which rebind
the variables of the function around (`nonlocal`); the operator (`ag__.if_stmt`) calls them as they
are where the condition is a Python value, and builds ops of them where it is a tensor. It reads
and writes the variables through the closure cells of these functions.
"""

from __future__ import annotations

import ast
from typing import Any

from tf1x.lib.autograph import jumps
from tf1x.lib.autograph.names import (
    FUNCTIONS,
    LOOPS,
    Accesses,
    Liveness,
    blocks,
    bound_names,
    declared,
    is_plain,
    own_nodes,
    root,
)
from tf1x.lib.autograph.pieces import OPERATORS, operator_call, thunk, variable

MADE = ("if_body", "else_body", "loop_test", "loop_body")
_FRAME_FUNCTIONS = ("super", "locals", "globals", "vars", "dir", "eval", "exec", OPERATORS)


def is_generator(function: Any) -> bool:
    """Whether a function is a generator or asynchronous: such are left alone."""
    if isinstance(function, ast.AsyncFunctionDef):
        return True
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    kinds = (ast.Yield, ast.YieldFrom, ast.Await)
    return any(isinstance(n, kinds) for n in own_nodes(body))


def rewritten(function: ast.FunctionDef | ast.Lambda, recursive: bool) -> bool:
    """Rewrite a function, in place, functions inside of it too.

    Args:
        recursive: whether the functions that it calls are to be converted as well.

    Returns:
        Whether there was anything to rewrite.
    """
    names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    names |= {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}
    names |= {n.name for n in ast.walk(function) if isinstance(n, ast.FunctionDef)}
    rewriter = _Rewriter(recursive, names)
    if isinstance(function, ast.Lambda):
        function.body = rewriter.visit(function.body)
    else:
        rewriter.function(function)
    ast.fix_missing_locations(function)
    return rewriter.changed


class _Rewriter(ast.NodeTransformer):
    def __init__(self, recursive: bool, names: set[str]) -> None:
        self.changed = False
        self._call = "call" if recursive else "builtin"
        self._names = names
        self._live: Liveness
        self._globals: set[str] = set()
        self._rebound: set[str] = set()
        self._first_argument: str | None = None

    def _fresh(self, wish: str) -> str:
        name, number = wish, 0
        while name in self._names:
            number += 1
            name = f"{wish.rstrip('_')}_{number}"
        self._names.add(name)
        return name

    # -- functions ---------------------------------------------------------------------------------

    def function(self, node: ast.FunctionDef) -> None:
        outer = self.__dict__.copy()
        if any(isinstance(n, (ast.If, *LOOPS)) for n in own_nodes(node.body)):
            jumps.lower(node, self._fresh)
        _rebind_appended(node)
        self._live = Liveness(node.body)
        self._globals = declared(node.body, ast.Global)
        self._rebound = set()
        args = [*node.args.posonlyargs, *node.args.args]
        self._first_argument = args[0].arg if args else None
        elsewhere = declared(node.body)
        body = self._block(node.body)
        parameters = bound_names(ast.Lambda(node.args, ast.Constant(None)))
        # An annotation makes a name local to the function, and does nothing else.
        node.body = [
            ast.copy_location(ast.AnnAssign(variable(n, ast.Store()), ast.Constant(None), None, 1), node)
            for n in sorted(self._rebound - elsewhere - parameters)
        ] + body  # fmt: skip
        changed = self.changed
        self.__dict__.update(outer)
        self.changed = changed

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.args = self.visit(node.args)
        if not is_generator(node):
            self.function(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return node if is_generator(node) else self.generic_visit(node)

    def _block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for node in statements:
            found = self.visit(node)
            out += found if isinstance(found, list) else [found]
        return out

    # -- statements --------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> Any:
        self.changed = True
        writes, others = Accesses(node.body).writes, Accesses(node.orelse).writes
        state = _state(writes | others, self._live.after(node), self._live.before(node))
        dead = sorted(w for w in writes | others if is_plain(w) and w not in state)
        body = self._made("if_body", node, self._block(node.body), writes)
        orelse = self._made("else_body", node, self._block(node.orelse), others)
        arguments = [
            self.visit(node.test),
            variable(body.name),
            variable(orelse.name),
            _strings(state),
        ]
        if dead:
            arguments.append(_strings(dead))
        return [body, orelse, _statement(node, "if_stmt", arguments)]

    def visit_While(self, node: ast.While) -> Any:
        self.changed = True
        writes, tested = Accesses(node.body).writes, Accesses(node.test).writes
        before = self._live.before(node)
        state = _state(writes | tested, before, before)
        options = _loop_options(node, state)
        returned = ast.copy_location(ast.Return(self.visit(node.test)), node)
        test = self._made("loop_test", node, [returned], tested)
        body = self._made("loop_body", node, self._block(node.body), writes)
        arguments = [variable(test.name), variable(body.name), _strings(state), options]
        return [test, body, _statement(node, "while_stmt", arguments)]

    def visit_For(self, node: ast.For) -> Any:
        self.changed = True
        found = Accesses([*node.body, node.target])
        before = self._live.before(node)
        state = _state(found.writes, before, before)
        options = _loop_options(node, state)
        target = _strings(sorted(w for w in Accesses(node.target).writes if is_plain(w)))
        item = self._fresh("item_")
        extra = getattr(node, "extra_test", None)
        first = ast.copy_location(ast.Assign([node.target], variable(item)), node)
        body = self._made("loop_body", node, [first, *self._block(node.body)], found.writes, item)
        arguments = [
            self.visit(node.iter),
            thunk(self.visit(extra)) if extra else ast.Constant(None),
            variable(body.name),
            _strings(state),
            target,
            options,
        ]
        return [body, _statement(node, "for_stmt", arguments)]

    def visit_Assert(self, node: ast.Assert) -> Any:
        self.changed = True
        text = self.visit(node.msg) if node.msg else ast.Constant(None)
        return _statement(node, "assert_stmt", [self.visit(node.test), thunk(text)])

    def _made(
        self, wish: str, where: ast.stmt, body: list[ast.stmt], writes: set[str], *parameters: str
    ) -> ast.FunctionDef:
        """A function of a block, which rebinds the variables around."""
        written = {w for w in writes if is_plain(w)}
        self._rebound |= written
        first: list[ast.stmt] = []
        if shared := sorted(written & self._globals):
            first.append(ast.Global(shared))
        if shared := sorted(written - self._globals):
            first.append(ast.Nonlocal(shared))
        made = ast.FunctionDef(
            name=self._fresh(wish),
            args=ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, []),
            body=first + body or [ast.Pass()],
            decorator_list=[],
        )
        _short(ast.copy_location(made, where))
        return ast.fix_missing_locations(made)

    # -- expressions -------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        function = node.func
        if isinstance(function, ast.Name) and function.id in _FRAME_FUNCTIONS:
            if function.id == "super" and not node.args and self._first_argument:
                node.args = [variable("__class__"), variable(self._first_argument)]
                ast.fix_missing_locations(node)
                return node
            return self.generic_visit(node)
        if isinstance(function, ast.Attribute) and symbol_of_operators(function):
            return self.generic_visit(node)
        self.changed = True
        self.generic_visit(node)
        node.func = ast.copy_location(operator_call(self._call, [node.func]), function)
        ast.fix_missing_locations(node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        if _binds(node):
            return self.generic_visit(node)
        self.changed = True
        first, *others = [self.visit(v) for v in node.values]
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return _expression(node, name, [first, *(thunk(v) for v in others)])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if not isinstance(node.op, ast.Not):
            return self.generic_visit(node)
        self.changed = True
        return _expression(node, "not_", [self.visit(node.operand)])

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if _binds(node):
            return self.generic_visit(node)
        self.changed = True
        parts = [self.visit(part) for part in (node.test, node.body, node.orelse)]
        return _expression(node, "if_exp", [parts[0], thunk(parts[1]), thunk(parts[2])])

    def visit_Compare(self, node: ast.Compare) -> Any:
        """`a < b < c` as `a < b and b < c`, where evaluating `b` twice changes nothing."""
        middle = node.comparators[:-1]
        if not middle or not all(isinstance(m, (ast.Name, ast.Constant)) for m in middle):
            return self.generic_visit(node)
        lefts = [node.left, *middle]
        pairs: list[ast.expr] = [
            ast.copy_location(ast.Compare(left, [operator], [right]), node)
            for left, operator, right in zip(lefts, node.ops, node.comparators, strict=True)
        ]
        return self.visit(ast.copy_location(ast.BoolOp(ast.And(), pairs), node))


def symbol_of_operators(node: ast.Attribute) -> bool:
    """Whether an expression is one of our operators."""
    return isinstance(node.value, ast.Name) and node.value.id == OPERATORS


def _state(writes: set[str], wanted: set[str], before: set[str]) -> list[str]:
    """The symbols that a block changes and that matter after it."""
    plain = {w for w in writes if is_plain(w)}
    places = {w for w in writes - plain if root(w) in before and root(w) not in plain}
    return sorted(plain & wanted) + sorted(places)


def _binds(node: ast.AST) -> bool:
    """Whether an expression assigns (`:=`): in a lambda it would assign to nothing."""
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(node))


def _loop_options(node: ast.AST, state: list[str]) -> ast.expr:
    """What a first step has to find out: the lists that grow, and whether there are options."""
    names = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    found = {
        n.targets[0].id
        for n in ast.walk(node)
        if isinstance(n, ast.Assign)
        and isinstance(n.targets[0], ast.Name)
        and isinstance(n.value, ast.Call)
        and isinstance(n.value.func, ast.Attribute)
        and n.value.func.attr == "append"
        and symbol_of_operators(n.value.func)
    } & set(state)
    return _strings(sorted(found | ({"set_loop_options"} & names)))


def _rebind_appended(function: ast.FunctionDef) -> None:
    """`l.append(x)` as `l = ag__.append(l, x)`: in a loop of tensors `l` is a loop variable."""
    local = bound_names(function) - declared(function.body)
    for node in own_nodes(function.body):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        for part in blocks(node):
            for place, statement in enumerate(part):
                if (found := _appended(statement)) and found[0] in local:
                    target, value = found
                    call = operator_call("append", [variable(target), value])
                    part[place] = ast.fix_missing_locations(
                        ast.copy_location(
                            ast.Assign([variable(target, ast.Store())], call), statement
                        )
                    )


def _appended(node: ast.stmt) -> tuple[str, ast.expr] | None:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return None
    call = node.value
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr != "append":
        return None
    if not isinstance(function.value, ast.Name) or len(call.args) != 1 or call.keywords:
        return None
    argument = call.args[0]
    return None if isinstance(argument, ast.Starred) else (function.value.id, argument)


# -- pieces of tree ----------------------------------------------------------------------------


def _strings(values: list[str]) -> ast.Tuple:
    return ast.Tuple([ast.Constant(v) for v in values], ast.Load())


def _expression(where: ast.expr, name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.fix_missing_locations(ast.copy_location(operator_call(name, arguments), where))


def _statement(where: ast.stmt, name: str, arguments: list[Any]) -> ast.stmt:
    """A call of an operator, at the first line of the statement that it stands for."""
    statement = ast.copy_location(ast.Expr(operator_call(name, arguments)), where)
    _short(statement)
    statement.value.lineno = statement.value.end_lineno = where.lineno  # type: ignore[attr-defined]
    statement.value.col_offset = statement.value.end_col_offset = where.col_offset  # type: ignore[attr-defined]
    return ast.fix_missing_locations(statement)


def _short(node: Any) -> None:
    node.end_lineno, node.end_col_offset = node.lineno, node.col_offset
