"""The native update by Adam against its lowering on NumPy's arrays."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tf1x.native import adam
from tf1x.ops.training import _adam

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.parametrize("shape", [(4096,), (70, 123), (100_003,)])
def test_update(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    var, m, grad = (random.normal(size=shape).astype(np.float32) for _ in range(3))
    v = random.random(shape).astype(np.float32)
    v[..., :5] = grad[..., :5] = 0
    rates = [np.float32(x) for x in (0.81, 0.998, 0.01, 0.9, 0.999, 1e-8)]
    assert adam.suits(var)
    actual = jax.jit(_adam)(var, m, v, *rates, grad)
    for got, want in zip(actual, _adam(var, m, v, *rates, grad), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_what_is_left_to_xla() -> None:
    assert not adam.suits(np.zeros(100, np.float32))
    assert not adam.suits(np.zeros(10_000, np.float64))
