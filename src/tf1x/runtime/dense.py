"""Products of matrices with what a layer of a network does to them, forward and back.

Bias and ReLU, and in the gradient the places where ReLU's result is above 0, are applied while the
product's numbers are near; XLA would take another pass over them for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tf1x.native import matmul
from tf1x.runtime.equations import bound, is_literal, kernel_call, rewritten, uses

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr


class _Product(NamedTuple):
    """A product that is not computed yet, and what is added to it."""

    factors: list[Any]
    bias: Any = None


def merged(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with such products and what follows them computed by one kernel."""
    eqns = program.jaxpr.eqns
    calls = {e.outvars[0]: call for e in eqns if (call := kernel_call(e, "tf1x_matmul"))}
    made_by = {e.outvars[0]: e for e in eqns if len(e.outvars) == 1}
    count = uses(program)
    products: dict[Any, Any] = {}  # of each last equation's result, the product
    between: set[Any] = set()
    for made, equation in made_by.items():
        path = _path(equation, made_by)
        if path and path[-1] in calls and all(count[atom] == 1 for atom in path):
            products[made] = path[-1]
            between.update(path)
    if not products:
        return program

    positive: dict[Any, Any] = {}  # of what tells where numbers are above 0, the numbers

    def rule(equation: Any, inputs: list[Any]) -> Sequence[Any]:
        made = equation.outvars[0] if equation.outvars else None
        if made in products:
            later = next(x for x in inputs if isinstance(x, _Product))
            flags = dict(calls[products[made]].params["attributes"])
            transposed = bool(flags["transpose_a"]), bool(flags["transpose_b"])
            a, b = later.factors
            rectifies = equation.primitive.name == "max"
            mask = None if rectifies else positive[_other(equation, later, inputs)]
            return [matmul.dense(*transposed, a, b, later.bias, rectifies, mask)]
        if made in calls and made in between:
            return [_Product(inputs)]
        if made in between:
            later, bias = sorted(inputs, key=lambda x: not isinstance(x, _Product))
            return [_Product(later.factors, bias.reshape(-1))]
        if _told_positive(equation, made_by) is not None:
            positive[made] = positive.get(equation.invars[0], inputs[0])
        return bound(equation, inputs)

    return rewritten(program, rule)


def _path(equation: Any, made_by: dict[Any, Any]) -> list[Any]:
    """What lies between an equation that ends such a layer and the product, this one last."""
    name = equation.primitive.name
    if name == "max" and _is_zero(equation.invars[1]) and not is_literal(equation.invars[0]):
        first = equation.invars[0]
        adding = made_by.get(first)
        if adding is not None and adding.primitive.name == "add":
            for value, bias in (adding.invars, adding.invars[::-1]):
                if not is_literal(value) and _is_row(bias, value):
                    return [first, value]
        return [first]
    if name == "mul" and not any(is_literal(atom) for atom in equation.invars):
        for value, factor in (equation.invars, equation.invars[::-1]):
            numbers = _told_positive(made_by.get(factor), made_by)
            if numbers is not None and numbers.aval == value.aval:
                return [value]
    return []


def _told_positive(equation: Any, made_by: dict[Any, Any]) -> Any:
    """The variable that an equation compares with 0, or of whose comparison it converts the result."""
    if equation is None:
        return None
    if equation.primitive.name == "convert_element_type":
        before = made_by.get(equation.invars[0])
        return _told_positive(before, {})
    compares = equation.primitive.name == "gt" and _is_zero(equation.invars[1])
    return equation.invars[0] if compares else None


def _other(equation: Any, later: _Product, inputs: list[Any]) -> Any:
    """The variable beside the product."""
    return equation.invars[1 if inputs[0] is later else 0]


def _is_zero(atom: Any) -> bool:
    return is_literal(atom) and np.shape(atom.val) == () and bool(atom.val == 0)


def _is_row(bias: Any, value: Any) -> bool:
    return not is_literal(bias) and bias.aval.shape == (1, *value.aval.shape[1:])
