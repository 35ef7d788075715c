"""Pieces of syntax trees that the passes put in."""

from __future__ import annotations

import ast

OPERATORS = "ag__"  # what the operators are called in converted code


def variable(name: str, context: ast.expr_context | None = None) -> ast.Name:
    return ast.Name(name, context or ast.Load())


def thunk(body: ast.expr) -> ast.Lambda:
    """An expression to be evaluated later: a function without parameters."""
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def operator_call(name: str, arguments: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Attribute(variable(OPERATORS), name, ast.Load()), arguments, [])
