"""Convolutions of which only the largest number of each window is wanted.

So it is in a network that is not being trained. Then one kernel does both. What lies between them, a
bias and ReLU, comes after them instead, on a fraction of the numbers: neither changes which number
of a window is the largest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp

from tf1x.native import conv_pool
from tf1x.runtime.equations import bound, kernel_call, rewritten, uses

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr


class _Later(NamedTuple):
    """A convolution of `operands` and what follows it, none of it computed yet."""

    operands: list[Any]
    follows: list[Callable[[Any], Any]]


def merged(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with such convolutions and maxima computed by one kernel."""
    eqns = program.jaxpr.eqns
    pools = {e.outvars[0]: call for e in eqns if (call := kernel_call(e, "tf1x_max_pool"))}
    convolutions = {
        e.outvars[0]: call for e in eqns if (call := kernel_call(e, "tf1x_conv_forward"))
    }
    if not pools or not convolutions:
        return program
    count = uses(program)
    made_by = {e.outvars[0]: e for e in eqns if len(e.outvars) == 1}
    follow = {made: i for made, e in made_by.items() if (i := _follows(e)) is not None}
    starts: dict[Any, Any] = {}  # of each pooling, the convolution
    between: set[Any] = set()
    for pool in pools:
        path = [made_by[pool].invars[0]]
        while path[-1] in follow:
            path.append(made_by[path[-1]].invars[follow[path[-1]]])
        if path[-1] in convolutions and all(count[atom] == 1 for atom in path):
            starts[pool] = convolutions[path[-1]]
            between.update(path)
    if not starts:
        return program

    def rule(equation: Any, inputs: list[Any]) -> Sequence[Any]:
        made = equation.outvars[0] if equation.outvars else None
        if made in starts:
            convolution, pool = starts[made], pools[made]
            (later,) = inputs
            found = conv_pool.maxima(
                _attributes(convolution),
                convolution.outvars[0].aval.shape,
                _attributes(pool),
                equation.outvars[0].aval.shape,
                *later.operands,
            )
            for function in later.follows:
                found = function(found)
            return [found]
        if made in between:
            if made in convolutions:
                return [_Later(inputs, [])]
            later, other = inputs[follow[made]], inputs[1 - follow[made]]
            function = jnp.add if equation.primitive.name == "add" else jnp.maximum
            return [_Later(later.operands, [*later.follows, lambda x: function(x, other)])]
        return bound(equation, inputs)

    return rewritten(program, rule)


def _follows(equation: Any) -> int | None:
    """The position of the images to which the equation adds a bias, or of which it takes ReLU."""
    if equation.primitive.name not in ("add", "max"):
        return None
    for i, other in enumerate(reversed(equation.invars)):
        shape = other.aval.shape
        if not shape or (len(shape) == 4 and shape[:3] == (1, 1, 1)):
            return i
    return None


def _attributes(call: Any) -> dict[str, Any]:
    return {name: value.val for name, value in call.params["attributes"]}
