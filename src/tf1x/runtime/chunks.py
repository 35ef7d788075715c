"""Large programs compiled in pieces.

What XLA's CPU compiler needs for one computation grows with the square of its size: a recurrent
network unrolled over 28 steps took 16 s. So the equations of a large program are put, in their
order, into functions that XLA does not inline (measured: 4 s, and the step no slower).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
from jax.experimental.xla_metadata import set_xla_metadata

from tf1x.runtime.equations import is_literal

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr, Jaxpr

# In equations of a jaxpr.
LARGE, CHUNK = 400, 120


def function_of(jaxpr: ClosedJaxpr) -> Callable[..., list[Any]]:
    """The program as a function to be jitted; in pieces, if it is large and for a CPU."""
    from jax.extend.core import jaxpr_as_fun

    large = len(jaxpr.jaxpr.eqns) > LARGE
    if not large or jaxpr.jaxpr.effects or jax.default_backend() != "cpu":
        return jaxpr_as_fun(jaxpr)  # type: ignore[no-any-return]
    return _in_pieces(jaxpr.jaxpr, jaxpr.consts)


def _in_pieces(jaxpr: Jaxpr, consts: list[Any]) -> Callable[..., list[Any]]:
    eqns = jaxpr.eqns
    pieces = _pieces([eqns[i : i + CHUNK] for i in range(0, len(eqns), CHUNK)], jaxpr)

    def run(*args: Any) -> list[Any]:
        values: dict[Any, Any] = dict(
            zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *args], strict=True)
        )
        for piece, call in pieces:
            with set_xla_metadata(inlineable="false"):  # type: ignore[no-untyped-call]
                outputs = call(*[values[v] for v in piece.invars])
            values.update(zip(piece.outvars, outputs, strict=True))
        return [v.val if is_literal(v) else values[v] for v in jaxpr.outvars]

    return run


def _pieces(groups: list[Any], jaxpr: Jaxpr) -> list[tuple[Jaxpr, Callable[..., list[Any]]]]:
    """Each group as a jaxpr, whose outputs are what later groups and the program need of it."""
    from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

    needed = {v for v in jaxpr.outvars if not is_literal(v)}
    pieces: list[tuple[Jaxpr, Callable[..., list[Any]]]] = []
    for group in reversed(groups):
        made = [v for eqn in group for v in eqn.outvars]
        used = [v for eqn in group for v in eqn.invars if not is_literal(v)]
        outer = dict.fromkeys(used).keys() - set(made)
        invars = [v for v in dict.fromkeys(used) if v in outer]
        outvars = [v for v in made if v in needed]
        needed |= outer
        piece = Jaxpr((), invars, outvars, group, debug_info=jaxpr.debug_info.with_unknown_names())
        pieces.append((piece, jax.jit(jaxpr_as_fun(ClosedJaxpr(piece, ())))))
    return pieces[::-1]
