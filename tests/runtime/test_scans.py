"""Loops whose collected rows begin unwritten: what `lax.scan` gives."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tf1x.runtime import scans

ROWS = np.random.RandomState(0).randn(40, 600).astype("f4")


def _scan(x: Any, reverse: bool = False, **options: Any) -> Any:
    def step(total: Any, row: Any) -> Any:
        total = jnp.tanh(total + row)
        return total, (total * 2, row.sum())

    return lax.scan(step, jnp.zeros(600, "f4"), x, reverse=reverse, **options)


def _gradient(x: Any) -> Any:
    return jax.grad(lambda x: (_scan(x)[1][0] ** 2).sum())(x)


def _loops(program: Any) -> set[str]:
    names = {equation.primitive.name for equation in program.jaxpr.eqns}
    return names & {"scan", "while"}


@pytest.mark.parametrize(
    "function",
    [_scan, lambda x: _scan(x, reverse=True), _gradient],
    ids=["", "reverse", "gradient"],
)
def test_the_same_numbers(kernels, function):
    from jax.extend.core import jaxpr_as_fun

    program = jax.make_jaxpr(function)(ROWS)
    merged = scans.merged(program)
    assert (_loops(program), _loops(merged)) == ({"scan"}, {"while"})
    found = jax.jit(jaxpr_as_fun(merged))(ROWS)
    for a, b in zip(found, jax.tree.leaves(jax.jit(function)(ROWS)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: _scan(x[:, :1].repeat(600, 1)[:0]),
        lambda x: _scan(x, unroll=2),
        lambda x: lax.scan(lambda total, row: (total + row, row[0]), x[0], x),
    ],
    ids=["no steps", "unrolled", "little is collected"],
)
def test_what_stays_a_scan(kernels, function):
    program = jax.make_jaxpr(function)(ROWS)
    assert scans.merged(program) is program
