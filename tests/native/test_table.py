"""Rows of tables by the kernel against XLA's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf1x.native import table

pytestmark = pytest.mark.usefixtures("kernels")


@given(
    rows=st.integers(1, 200),
    inner=st.lists(st.integers(1, 40), max_size=2),
    picked=st.lists(st.integers(0, 60), max_size=2),
    dtype=st.sampled_from(["float32", "float64", "int8", "bool", "complex64", "bfloat16"]),
    index=st.sampled_from(["int32", "int64"]),
    seed=st.integers(0, 100),
)
def test_rows_equal_numpys(
    rows: int, inner: list[int], picked: list[int], dtype: str, index: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    with jax.enable_x64(True):
        array = jnp.asarray(random.integers(0, 100, (rows, *inner))).astype(dtype)
        indices = random.integers(-3, rows + 3, picked).astype(index)
        found = jax.jit(table.rows)(array, indices)
        expected = np.take(np.asarray(array), np.clip(indices, 0, rows - 1), axis=0)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(np.asarray(found), expected)


def test_many_rows_by_several_threads() -> None:
    random = np.random.default_rng(0)
    array = random.normal(size=(3000, 300)).astype(np.float32)
    indices = random.integers(0, 3000, 5000)
    with jax.enable_x64(True):
        np.testing.assert_array_equal(jax.jit(table.rows)(array, indices), array[indices])


def test_derivatives() -> None:
    array = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    indices = np.array([[3, 7], [3, 49]], np.int32)

    def loss(take: Any) -> Any:
        return lambda t: jnp.sum(jnp.sin(take(t, indices)) * jnp.arange(30.0))

    plain = loss(lambda t, i: t[i])
    for of in (jax.grad, lambda f: jax.grad(lambda t: jnp.sum(jax.grad(f)(t) ** 2))):
        np.testing.assert_allclose(of(loss(table.rows))(array), of(plain)(array), rtol=1e-6)


def test_what_is_left_to_xla() -> None:
    array = np.zeros((100, 64), np.float32)
    many = np.zeros(100, np.int32)
    assert table.suits(array, many)
    assert not table.suits(array, many[:3])
    assert not table.suits(array[:, :8], many)
    assert not table.suits(array, many.astype(np.int16))
    assert not table.suits(array[:0], many)
