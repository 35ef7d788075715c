"""Products with packed weights: equal to NumPy's, and the gradients that they promise."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tf1x.native import gemm

# Rows, terms and columns: whole tiles, parts of tiles, one row, more rows than a block has.
SHAPES = [(8, 128, 48), (32, 512, 2048), (1, 200, 100), (7, 129, 131), (300, 65, 260)]


def _matrices(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    rows, terms, columns = shape
    return rng.randn(rows, terms).astype("f4"), rng.randn(terms, columns).astype("f4")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_product(kernels, shape):
    left, right = _matrices(shape)
    found = jax.jit(lambda x, w: gemm.product(x, gemm.packed(w, False)))(left, right)
    expected = left.astype("f8") @ right.astype("f8")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.sqrt(shape[1]))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradient_of_the_left_factor_only(kernels, shape):
    left, right = _matrices(shape)
    g = np.random.RandomState(1).randn(shape[0], shape[2]).astype("f4")

    def pulled(x, w, g):
        _, pull = jax.vjp(lambda x, w: gemm.product(x, gemm.packed(w, True)), x, w)
        return pull(g)

    of_left, of_right = jax.jit(pulled)(left, right, g)
    expected = g.astype("f8") @ right.astype("f8").T
    np.testing.assert_allclose(of_left, expected, rtol=1e-5, atol=1e-5 * np.sqrt(shape[2]))
    assert not np.asarray(of_right).any()


def test_what_suits(kernels):
    assert gemm.suits((128, 512), np.dtype("f4"))
    assert not gemm.suits((128, 512), np.dtype("f8"))
    assert not gemm.suits((8, 4096), np.dtype("f4"))
    assert not gemm.suits((32, 64), np.dtype("f4"))
