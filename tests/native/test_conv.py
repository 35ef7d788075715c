"""The native convolutions against XLA's, and their derivatives."""

from __future__ import annotations

from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tf1x.native import conv
from tf1x.ops import conv_arrays
from tf1x.ops.conv_arrays import Geometry

pytestmark = pytest.mark.usefixtures("kernels")

Pair = tuple[int, int]
NONE = ((0, 0), (0, 0))


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    random = np.random.default_rng(0)
    return [jnp.asarray(random.normal(size=shape), np.float32) for shape in shapes]


def three(geometry: Geometry, x: Any, w: Any, g: Any) -> list[Any]:
    """The convolution and its two transposes."""
    return [
        conv_arrays.convolve(geometry, x, w),
        conv_arrays.to_input(geometry, x.shape, w, g),
        conv_arrays.to_filter(geometry, x, w.shape, g),
    ]


def compare(geometry: Geometry, x_shape: tuple[int, ...], w_shape: tuple[int, ...]) -> None:
    shape = conv_arrays.output_dims(geometry, x_shape, w_shape)
    x, w, g = arrays(x_shape, w_shape, shape)
    with mock.patch.object(conv, "suits", return_value=False):
        expected = three(geometry, x, w, g)
    with mock.patch.object(conv, "suits", return_value=True):
        actual = three(geometry, x, w, g)
    for got, want in zip(actual, expected, strict=True):
        scale = float(jnp.abs(want).max(initial=1.0))
        np.testing.assert_allclose(got / scale, want / scale, rtol=0, atol=1e-5)


# batch, height, width, channels; kernel; output channels; strides; dilations; padding
CASES: dict[str, Any] = {
    "first layer": ((5, 28, 28, 1), (3, 3), 32, (1, 1), (1, 1), "SAME"),
    "whole tiles": ((3, 14, 14, 32), (3, 3), 64, (1, 1), (1, 1), "SAME"),
    "two tiles": ((3, 7, 7, 64), (3, 3), 128, (1, 1), (1, 1), "SAME"),
    "odd numbers": ((2, 9, 11, 13), (3, 2), 37, (2, 1), (1, 1), "VALID"),
    "large kernel": ((1, 45, 40, 3), (7, 7), 16, (2, 2), (1, 1), "SAME"),
    "stride beyond the kernel": ((2, 10, 11, 8), (2, 2), 8, (3, 4), (1, 1), "VALID"),
    "dilated": ((2, 12, 13, 9), (3, 3), 20, (1, 1), (2, 3), "SAME"),
    "dilated and strided": ((2, 17, 15, 5), (3, 2), 8, (2, 3), (2, 3), "VALID"),
    "one row": ((4, 1, 50, 24), (1, 5), 40, (1, 2), (1, 1), "SAME"),
    "a large image": ((1, 130, 140, 16), (3, 3), 16, (1, 1), (1, 1), "SAME"),
    "one output channel": ((2, 9, 8, 12), (3, 3), 1, (1, 1), (1, 1), "SAME"),
    "a filter of 3 x 3, odd sizes": ((5, 13, 11, 48), (3, 3), 80, (1, 1), (1, 1), "SAME"),
    "a filter of 3 x 3, no padding": ((9, 8, 9, 16), (3, 3), 144, (1, 1), (1, 1), "VALID"),
    "a filter of 3 x 3, many tiles": ((11, 28, 28, 80), (3, 3), 48, (1, 1), (1, 1), "SAME"),
    "a filter beyond the cache": ((2, 5, 6, 300), (3, 3), 72, (1, 1), (1, 1), "SAME"),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    x, kernel, out, strides, dilations, padding = CASES[name]
    compare(Geometry(strides, dilations, padding, NONE, True), x, (*kernel, x[3], out))


def test_groups() -> None:
    compare(Geometry((1, 1), (1, 1), "SAME", NONE, True), (2, 8, 9, 36), (3, 3, 12, 24))
    compare(Geometry((2, 2), (1, 1), "SAME", NONE, True), (2, 8, 9, 12), (3, 3, 3, 64))
    compare(Geometry((1, 1), (1, 1), "SAME", NONE, True), (2, 8, 9, 6), (3, 3, 2, 9))


def by_taps(geometry: Geometry, x: Any, w: Any, g: Any) -> list[Any]:
    """The convolution and its transposes, by the filter's positions, in float64."""
    x, w, g = (np.asarray(a, np.float64) for a in (x, w, g))
    edges = geometry.edges(x.shape[1:3], w.shape[:2])
    sizes = [slice(before, before + n) for n, (before, _) in zip(x.shape[1:3], edges, strict=True)]
    padded = np.pad(x, [(0, 0), *(np.maximum(edge, 0) for edge in edges), (0, 0)])
    result, images, filter = np.zeros(g.shape), np.zeros(padded.shape), np.zeros(w.shape)
    for tap in np.ndindex(*w.shape[:2]):
        at = tuple(
            slice(i * d, i * d + (n - 1) * s + 1, s)
            for i, d, s, n in zip(tap, geometry.dilations, geometry.strides, g.shape[1:3])
        )
        piece = padded[:, *at]
        result += piece @ w[tap]
        images[:, *at] += g @ w[tap].T
        filter[tap] = np.tensordot(piece, g, ([0, 1, 2], [0, 1, 2]))
    return [result, images[:, *sizes], filter]


@settings(max_examples=30)
@given(
    batch=st.integers(1, 3),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    channels=st.tuples(st.integers(1, 20), st.integers(1, 70)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    around=st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
)
def test_any(
    batch: int,
    sizes: Pair,
    kernel: Pair,
    channels: Pair,
    strides: Pair,
    dilations: Pair,
    around: Any,
) -> None:
    geometry = Geometry(strides, dilations, "EXPLICIT", around, True)
    spans = geometry.spans(kernel)
    assume(all(n + sum(a) >= s for n, a, s in zip(sizes, around, spans, strict=True)))
    check(batch, sizes, kernel, channels, geometry)


def check(batch: int, sizes: Pair, kernel: Pair, channels: Pair, geometry: Geometry) -> None:
    """The three kernels against sums over the filter's taps in float64."""
    x_shape, w_shape = (batch, *sizes, channels[0]), (*kernel, *channels)
    shape = conv_arrays.output_dims(geometry, x_shape, w_shape)
    x, w, g = arrays(x_shape, w_shape, shape)
    before = tuple(edge for edge, _ in geometry.edges(sizes, kernel))
    windows = conv.Windows(geometry.strides, geometry.dilations, before)
    actual = [
        conv.forward(windows, shape, x, w),
        conv.images_gradient(windows, x_shape, w, g),
        conv.filter_gradient(windows, w_shape, x, g),
    ]
    for got, want in zip(actual, by_taps(geometry, x, w, g), strict=True):
        scale = max(1.0, np.abs(want).max())
        np.testing.assert_allclose(got / scale, want / scale, rtol=0, atol=1e-5)


@settings(max_examples=30)
@given(
    batch=st.integers(1, 5),
    sizes=st.tuples(st.integers(8, 24), st.integers(8, 24)),
    channels=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    around=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 2),
)
def test_three_by_three(batch: int, sizes: Pair, channels: Pair, around: Any) -> None:
    """Whole vectors of channels, as the kernels for filters of 3 x 3 want them."""
    images, out = (16 * n for n in channels)
    check(batch, sizes, (3, 3), (images, out), Geometry((1, 1), (1, 1), "EXPLICIT", around, True))


def test_small_integers_stay_exact() -> None:
    """Halves of the transformed filter and sums of four numbers are exact, and so are the results."""
    random = np.random.default_rng(0)
    x, w = (random.integers(-8, 9, s).astype(np.float32) for s in ((4, 9, 9, 32), (3, 3, 32, 16)))
    g = random.integers(-8, 9, (4, 9, 9, 16)).astype(np.float32)
    geometry = Geometry((1, 1), (1, 1), "SAME", NONE, True)
    for got, want in zip(three(geometry, x, w, g), by_taps(geometry, x, w, g), strict=True):
        np.testing.assert_array_equal(got, want)


def test_derivatives() -> None:
    """Where JAX differentiates a lowering as a whole, twice here, it gets XLA's derivatives."""
    geometry = Geometry((2, 1), (1, 1), "SAME", NONE, True)
    x, w = arrays((2, 6, 7, 8), (3, 3, 8, 16))

    def derivatives(x: Any, w: Any) -> Any:
        def slope(x: Any, w: Any) -> Any:
            inner = jax.grad(lambda x, w: (conv_arrays.convolve(geometry, x, w) ** 3).sum(), (0, 1))
            return sum((part**2).sum() for part in inner(x, w))

        return jax.jit(jax.grad(slope, (0, 1)))(x, w)

    actual = derivatives(x, w)
    with mock.patch.object(conv, "suits", return_value=False):
        expected = derivatives(x, w)
    for got, want in zip(actual, expected, strict=True):
        scale = float(jnp.abs(want).max())
        np.testing.assert_allclose(got / scale, want / scale, rtol=0, atol=1e-5)


def test_mapped() -> None:
    geometry = Geometry((1, 1), (1, 1), "SAME", NONE, True)
    x, w = arrays((3, 2, 6, 7, 8), (3, 3, 8, 16))
    actual = jax.vmap(lambda x: conv_arrays.convolve(geometry, x, w))(x)
    expected = jnp.stack([conv_arrays.convolve(geometry, part, w) for part in x])
    np.testing.assert_array_equal(actual, expected)


def test_what_is_left_to_xla() -> None:
    few, many = (3, 3, 3, 2), (3, 3, 3, 16)
    assert conv.suits(conv.forward, (1, 5, 5, 3), many, np.float32)
    assert not conv.suits(conv.forward, (1, 5, 5, 3), few, np.float32)
    assert not conv.suits(conv.images_gradient, (1, 5, 5, 3), many, np.float32)
    assert conv.suits(conv.filter_gradient, (1, 5, 5, 3), few, np.float32)
    assert conv.suits(conv.forward, (1, 5, 5, 6), few, np.float32)  # groups
    assert not conv.suits(conv.forward, (1, 5, 5, 3), many, np.float64)
    assert not conv.suits(conv.forward, (1, 5, 5, 5, 3), (3, *many), np.float32)
