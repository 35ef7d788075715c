"""Loops whose collected rows begin unwritten.

What `lax.scan` collects, the results of a recurrent network's steps and all that its gradient
wants of them, XLA would fill with zeros before the first step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from tf1x.native.unwritten import suits, unwritten
from tf1x.runtime.equations import bound, rewritten

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr


def merged(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with such loops written out as XLA's."""
    if not any(_suits(equation) for equation in program.jaxpr.eqns):
        return program

    numbers = count()

    def rule(equation: Any, inputs: list[Any]) -> Sequence[Any]:
        return _scanned(equation, inputs, numbers) if _suits(equation) else bound(equation, inputs)

    return rewritten(program, rule)


def _collected(equation: Any) -> list[Any]:
    """The results of a scan that are collected row by row."""
    return list(equation.outvars[equation.params["num_carry"] :])


def _suits(equation: Any) -> bool:
    if equation.primitive.name != "scan" or equation.effects:
        return False
    params = equation.params
    if params["unroll"] != 1 or not params["length"]:
        return False
    return any(suits(v.aval.shape, v.aval.dtype) for v in _collected(equation))


def _scanned(equation: Any, inputs: list[Any], numbers: Iterator[int]) -> list[Any]:
    """What the scan does, in each step one row of each array."""
    from jax.extend.core import jaxpr_as_fun

    params = equation.params
    length, reverse = params["length"], params["reverse"]
    fixed, states = params["num_consts"], params["num_carry"]
    consts, start = inputs[:fixed], inputs[fixed : fixed + states]
    arrays = [jnp.asarray(x) for x in inputs[fixed + states :]]
    body = jaxpr_as_fun(params["jaxpr"])

    def step(state: Any) -> Any:
        i, carry, collected = state
        place = length - 1 - i if reverse else i
        rows = [lax.dynamic_index_in_dim(x, place, 0, keepdims=False) for x in arrays]
        found = body(*consts, *carry, *rows)
        collected = [
            lax.dynamic_update_index_in_dim(whole, row, place, 0)
            for whole, row in zip(collected, found[states:], strict=True)
        ]
        return i + 1, found[:states], collected

    blank = [_blank(v.aval, next(numbers)) for v in _collected(equation)]
    begin = np.int32(0), start, blank
    _, end, collected = lax.while_loop(lambda state: state[0] < length, step, begin)
    return [*end, *collected]


def _blank(aval: Any, number: int) -> Any:
    if suits(aval.shape, aval.dtype):
        return unwritten(aval.shape, aval.dtype, number)
    return jnp.zeros(aval.shape, aval.dtype)
