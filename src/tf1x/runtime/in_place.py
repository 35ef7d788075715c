"""Updates of weights where they lie.

A weight's gradient is mostly a product, and gradient descent can subtract it from the weight as it
is made: two passes over the weight where gradient and update take four. And XLA copies a weight that
is updated in place, unless it knows that all that reads the old values comes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tf1x.native import adam, descent
from tf1x.native.matmul import DENSE
from tf1x.runtime.equations import bound, kernel_call, live, rewritten, uses

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr


class _Product(NamedTuple):
    """A product that is not computed yet."""

    transpose_a: bool
    transpose_b: bool
    a: Any
    b: Any


def merged(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with the updates that can be made in place so made."""
    eqns = program.jaxpr.eqns
    calls = {e.outvars[0]: call for e in eqns if (call := kernel_call(e, "tf1x_matmul"))}
    if not calls or not any(_is_descent(e) or _is_adam(e) for e in eqns):
        return program
    needed = live(program)
    gradients = _only_gradients(program)
    # The products made so far of each value; others may be parts of XLA's fusions.
    readers: defaultdict[Any, list[Any]] = defaultdict(list)

    def rule(equation: Any, inputs: list[Any]) -> Sequence[Any]:
        made = equation.outvars[0] if equation.outvars else None
        if made in calls and made in gradients:
            flags = dict(calls[made].params["attributes"])
            return [_Product(bool(flags["transpose_a"]), bool(flags["transpose_b"]), *inputs)]
        if _is_descent(equation) and isinstance(inputs[2], _Product):
            value, rate, product, keep = inputs
            first = readers[equation.invars[0]]
            return [descent.subtract_product(value, rate, keep, *product, readers=first)]
        if _is_adam(equation):
            return list(adam.update(*inputs, readers=readers[equation.invars[0]]))
        outputs = bound(equation, inputs)
        if (made in calls and made in needed) or _is_dense(equation):
            for atom in equation.invars:
                readers[atom] += outputs
        return outputs

    return rewritten(program, rule)


def _only_gradients(program: ClosedJaxpr) -> set[Any]:
    """What gradient descent alone takes."""
    count = uses(program)
    return {e.invars[2] for e in program.jaxpr.eqns if _is_descent(e) and count[e.invars[2]] == 1}


def _is_descent(equation: Any) -> bool:
    return bool(equation.params.get("name") == descent.NAME)


def _is_dense(equation: Any) -> bool:
    return bool(equation.params.get("target_name") == DENSE)


def _is_adam(equation: Any) -> bool:
    return bool(equation.params.get("target_name") == "tf1x_adam")
