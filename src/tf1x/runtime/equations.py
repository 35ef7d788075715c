"""A traced program (JAX's jaxpr) run equation by equation, some of them in another way.

`jax.extend` takes 40 ms to import, and programs that are loaded (saved_programs.py) need nothing of it:
the modules that work on traced programs import it when they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import jax

if TYPE_CHECKING:
    from jax.extend.core import ClosedJaxpr, Literal

# The outputs of an equation, from it and the values of its inputs.
Rule = Callable[[Any, list[Any]], Sequence[Any]]


def is_literal(atom: Any) -> TypeGuard[Literal]:
    """Whether an equation's input is a constant rather than a variable."""
    return hasattr(atom, "val")


def rewritten(program: ClosedJaxpr, rule: Rule) -> ClosedJaxpr:
    """The program with its equations run as `rule` does, traced again."""
    jaxpr = program.jaxpr

    def run(*args: Any) -> list[Any]:
        values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*program.consts, *args], strict=True))

        def read(atom: Any) -> Any:
            return atom.val if is_literal(atom) else values[atom]

        for equation in jaxpr.eqns:
            outputs = rule(equation, [read(atom) for atom in equation.invars])
            values.update(zip(equation.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    return jax.make_jaxpr(run)(*program.in_avals)


def live(program: ClosedJaxpr) -> set[Any]:
    """The variables that the program's outputs depend on."""
    found = {atom for atom in program.jaxpr.outvars if not is_literal(atom)}
    for equation in reversed(program.jaxpr.eqns):
        if found.intersection(equation.outvars):
            found.update(atom for atom in equation.invars if not is_literal(atom))
    return found


def uses(program: ClosedJaxpr) -> Counter[Any]:
    """How often each variable is read, by equations or as an output."""
    jaxpr = program.jaxpr
    atoms = [atom for e in jaxpr.eqns for atom in e.invars] + list(jaxpr.outvars)
    return Counter(atom for atom in atoms if not is_literal(atom))


def bound(equation: Any, inputs: list[Any], params: dict[str, Any] | None = None) -> Sequence[Any]:
    """What the equation itself gives, with other parameters where they are given."""
    primitive = equation.primitive
    given = equation.params if params is None else params
    found = primitive.bind(*inputs, **primitive.get_bind_params(given))
    return list(found) if primitive.multiple_results else [found]


def kernel_call(equation: Any, target: str) -> Any:
    """The call of a kernel in an equation that is nothing else (but its derivatives), else None."""
    inner = equation.params.get("call_jaxpr")
    if inner is None or len(inner.jaxpr.eqns) != 1:
        return None
    call = inner.jaxpr.eqns[0]
    return call if call.params.get("target_name") == target else None
