"""Updates of weights where they lie.

A weight's gradient is mostly a product, and gradient descent can subtract it from the weight as it
is made: two passes over the weight where gradient and update take four. And XLA copies a weight that
is updated in place, unless it knows that all that reads the old values comes first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from jax.extend.core import ClosedJaxpr, Literal

from tf1x.native import adam, descent
from tf1x.runtime.equations import bound, interpreting, live


class _Product(NamedTuple):
    """A product that is not computed yet."""

    transpose_a: bool
    transpose_b: bool
    a: Any
    b: Any


def merged(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with the updates that can be made in place so made."""
    equations = [e for e in program.jaxpr.eqns if _is_descent(e) or _is_adam(e)]
    if not equations:
        return program
    needed = live(program)
    waiting = _only_gradients(program)
    # The products made so far of each value; others may be parts of XLA's fusions.
    readers: defaultdict[Any, list[Any]] = defaultdict(list)

    def rule(equation: Any, inputs: list[Any]) -> Sequence[Any]:
        if waiting.intersection(equation.outvars):
            flags = dict(_product_call(equation).params["attributes"])
            return [_Product(bool(flags["transpose_a"]), bool(flags["transpose_b"]), *inputs)]
        if _is_descent(equation) and isinstance(inputs[2], _Product):
            value, rate, product, keep = inputs
            first = readers[equation.invars[0]]
            return [descent.subtract_product(value, rate, keep, *product, readers=first)]
        if _is_adam(equation):
            return list(adam.update(*inputs, readers=readers[equation.invars[0]]))
        outputs = bound(equation, inputs)
        if _product_call(equation) is not None and needed.intersection(equation.outvars):
            for atom in equation.invars:
                readers[atom] += outputs
        return outputs

    return jax.make_jaxpr(interpreting(program, rule))(*program.in_avals)


def _only_gradients(program: ClosedJaxpr) -> set[Any]:
    """The results of products that gradient descent alone takes."""
    eqns = program.jaxpr.eqns
    atoms = [atom for e in eqns for atom in e.invars] + list(program.jaxpr.outvars)
    uses = Counter(atom for atom in atoms if not isinstance(atom, Literal))
    gradients = {e.invars[2] for e in eqns if _is_descent(e)}
    products = {e.outvars[0] for e in eqns if _product_call(e) is not None}
    return {var for var in products & gradients if uses[var] == 1}


def _is_descent(equation: Any) -> bool:
    return bool(equation.params.get("name") == descent.NAME)


def _is_adam(equation: Any) -> bool:
    return bool(equation.params.get("target_name") == adam.TARGET)


def _product_call(equation: Any) -> Any:
    """The call of the kernel in an equation of `native.matmul.product`, else None."""
    inner = equation.params.get("call_jaxpr")
    if inner is None or len(inner.jaxpr.eqns) != 1:
        return None
    call = inner.jaxpr.eqns[0]
    return call if call.params.get("target_name") == "tf1x_matmul" else None
