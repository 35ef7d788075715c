"""Products in bfloat16: half the bytes to move, and many times the speed on units made for it.

Matrix products and convolutions of float32 take their operands rounded to bfloat16, eight bits of
mantissa with float32's range; they sum in float32, and all else stays float32, variables included.
`tf1x run --bf16` does so everywhere, `enable_mixed_precision_graph_rewrite` where there is a GPU or
TPU, as TensorFlow's rewrite does. (That takes float16; with bfloat16 no gradient underflows.)
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from tf1x.runtime.equations import bound, rewritten

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr


class Products(enum.Enum):
    """Where products take operands in bfloat16."""

    EXACT = "nowhere"
    ACCELERATED = "on GPUs and TPUs"
    REDUCED = "everywhere"


_products = Products.EXACT


def set_products(products: Products) -> None:
    """For all that is compiled from here on."""
    global _products
    _products = products


def products() -> Products:
    """Where they do now."""
    return _products


def chosen(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with the products that were asked for."""
    accelerated = _products is Products.ACCELERATED and jax.default_backend() != "cpu"
    return reduced(program) if accelerated or _products is Products.REDUCED else program


def reduced(program: ClosedJaxpr) -> ClosedJaxpr:
    """The program with its products of float32 in bfloat16, those of loops and branches too."""
    return _reduced(program, {})


def _reduced(program: ClosedJaxpr, done: dict[int, ClosedJaxpr]) -> ClosedJaxpr:
    key = id(program.jaxpr)
    if key not in done:
        done[key] = rewritten(program, lambda eqn, inputs: _applied(eqn, inputs, done))
    return done[key]


def _applied(equation: Any, inputs: list[Any], done: dict[int, ClosedJaxpr]) -> Sequence[Any]:
    primitive, params = equation.primitive, equation.params
    if primitive.name in ("dot_general", "conv_general_dilated") and all(
        atom.aval.dtype == jnp.float32 for atom in equation.invars
    ):
        return [_product(primitive, inputs, params)]
    return bound(equation, inputs, {name: _inner(value, done) for name, value in params.items()})


def _inner(value: Any, done: dict[int, ClosedJaxpr]) -> Any:
    """A parameter of an equation, with the programs in it reduced."""
    from jax.extend.core import ClosedJaxpr

    if isinstance(value, ClosedJaxpr):
        return _reduced(value, done)
    if isinstance(value, tuple) and value and all(isinstance(x, ClosedJaxpr) for x in value):
        return tuple(_reduced(x, done) for x in value)
    return value


def _product(primitive: Any, inputs: list[Any], params: dict[str, Any]) -> Any:
    operands = [jnp.asarray(x).astype(jnp.bfloat16) for x in inputs]
    return primitive.bind(*operands, **{**params, "preferred_element_type": jnp.dtype(jnp.float32)})
