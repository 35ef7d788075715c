"""The Philox kernels against TensorFlow (CPU), and the NumPy path against the traced one."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from tf1x.ops import philox, rejection_sampling

SEEDS = [(0, 2**31 - 1), (87654321, 5), (-3, 2**40 + 7)]
SIZES = [0, 1, 7, 100_003]  # TensorFlow fills the last with several threads
RUNS = 3
FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
FLOAT_SAMPLERS = {
    "RandomUniform": philox.uniform,
    "RandomStandardNormal": philox.normal,
    "TruncatedNormal": philox.truncated_normal,
}

Build = Callable[[Any], Any]


@pytest.fixture(scope="module")
def oracle() -> Callable[[Build], list[np.ndarray]]:
    """Run a graph made by build(raw_ops) three times in one TensorFlow session."""
    from tests.oracle import tf1 as tf

    def runs(build: Build) -> list[np.ndarray]:
        with tf.Graph().as_default() as graph:
            output = build(tf.raw_ops)
            with tf.Session(graph=graph) as session:
                return [session.run(output) for _ in range(RUNS)]

    return runs


def first_runs(
    sample: Callable[[Any], Any], op: str, shape: tuple[int, ...], *, traced: bool
) -> list[np.ndarray]:
    """Results of `sample(counter)` for the first runs of `op`, by one of the two paths."""
    counters = [run * philox.blocks_per_run(op, shape) for run in range(RUNS)]
    if not traced:
        results = [sample(counter) for counter in counters]
        assert all(isinstance(result, np.ndarray) for result in results)
        return results
    with jax.enable_x64(True):
        compiled = jax.jit(sample)
        return [np.asarray(compiled(jnp.uint64(counter))) for counter in counters]


def assert_same(actual: np.ndarray, expected: np.ndarray) -> None:
    """Same dtype, shape and values, to the last bit."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual, expected)


def check(
    expected: list[np.ndarray],
    sample: Callable[[Any], Any],
    op: str,
    shape: tuple[int, ...],
    paths: tuple[bool, ...] = (False, True),
) -> None:
    for traced in paths:
        actual = first_runs(sample, op, shape, traced=traced)
        for got, want in zip(actual, expected, strict=True):
            assert_same(got, want)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("op", FLOAT_SAMPLERS)
def test_float_kernels(oracle: Any, op: str, dtype: Any) -> None:
    cases = [(SEEDS[i % len(SEEDS)], (size,)) for i, size in enumerate(SIZES)]
    for (seed, seed2), shape in [*cases, (SEEDS[2], (3, 5, 7))]:
        expected = oracle(
            lambda ops, seed=seed, seed2=seed2, shape=shape: getattr(ops, op)(
                shape=np.array(shape, np.int32), dtype=np.dtype(dtype), seed=seed, seed2=seed2
            )
        )
        check(
            expected,
            lambda counter, seed=seed, seed2=seed2, shape=shape: FLOAT_SAMPLERS[op](
                seed, seed2, counter, shape, dtype
            ),
            op,
            shape,
            # Compiling costs most of this test's time, and sizes differ by the final slice only.
            (False, True) if shape in [(0,), (100_003,)] else (False,),
        )


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("bounds", [(0, 10), (-5, 1000), (-(2**31), 2**31 - 1)])
def test_uniform_int(oracle: Any, dtype: Any, bounds: tuple[int, int]) -> None:
    low, high = (np.array(bound, dtype) for bound in bounds)
    for (seed, seed2), size in zip(SEEDS, SIZES[1:], strict=True):
        expected = oracle(
            lambda ops, size=size, seed=seed, seed2=seed2: ops.RandomUniformInt(
                shape=[size], minval=low, maxval=high, seed=seed, seed2=seed2
            )
        )
        check(
            expected,
            lambda counter, size=size, seed=seed, seed2=seed2: philox.uniform_int(
                seed, seed2, counter, (size,), low, high, dtype
            ),
            "RandomUniformInt",
            (size,),
        )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 6, 20_001])
def test_shuffle(oracle: Any, size: int) -> None:
    for seed, seed2 in SEEDS[:2]:
        expected = oracle(
            lambda ops, seed=seed, seed2=seed2: ops.RandomShuffle(
                value=np.arange(size), seed=seed, seed2=seed2
            )
        )
        check(
            expected,
            lambda counter, seed=seed, seed2=seed2: philox.permutation(seed, seed2, counter, size),
            "RandomShuffle",
            (size,),
        )


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("sizes", [(1, 5, 1), (3, 5, 7), (32, 4, 1), (1, 1000, 300), (0, 4, 3)])
def test_multinomial(oracle: Any, dtype: Any, sizes: tuple[int, int, int]) -> None:
    batch, classes, samples = sizes
    logits = np.random.default_rng(0).normal(size=(batch, classes)).astype(np.float32)
    logits[:, 1] = -np.inf
    seed, seed2 = SEEDS[1]
    expected = oracle(
        lambda ops: ops.Multinomial(
            logits=logits, num_samples=samples, seed=seed, seed2=seed2, output_dtype=dtype
        )
    )
    check(
        expected,
        lambda counter: philox.multinomial(seed, seed2, counter, logits, samples, dtype),
        "Multinomial",
        (batch, samples),
    )


ALPHAS = [0.01, 0.3, 1, 1.5, 10, 200, 0, -1, np.inf, np.nan]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gamma(oracle: Any, dtype: Any) -> None:
    alpha = np.array(ALPHAS, dtype)
    for (seed, seed2), shape in zip(SEEDS[1:], [(), (301, 4)], strict=True):
        expected = oracle(
            lambda ops, shape=shape, seed=seed, seed2=seed2: ops.RandomGamma(
                shape=np.array(shape, np.int32), alpha=alpha, seed=seed, seed2=seed2
            )
        )
        # The float64 functions of NumPy and XLA differ from the C library's in the last place,
        # which the power 1 / alpha = 100 multiplies.
        for traced, tolerance in ((False, 1e-15), (True, 1e-13))[: 1 if shape == () else 2]:
            actual = first_runs(
                lambda counter, shape=shape, seed=seed, seed2=seed2: rejection_sampling.gamma(
                    seed, seed2, counter, shape, alpha
                ),
                "RandomGamma",
                (*shape, alpha.size),
                traced=traced,
            )
            for got, want in zip(actual, expected, strict=True):
                assert got.dtype == want.dtype
                rtol = tolerance if dtype == np.float64 else 0
                np.testing.assert_allclose(got, want, rtol=rtol, atol=0)


RATES = [0, 0.01, 0.3, 1, 5, 9.99, 10, 11.5, 200, 1e4, -1]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float16, np.float32, np.float64])
def test_poisson(oracle: Any, dtype: Any) -> None:
    rate = np.array(RATES, np.float64)
    for (seed, seed2), shape in zip(SEEDS[1:], [(), (301, 2)], strict=True):
        expected = oracle(
            lambda ops, shape=shape, seed=seed, seed2=seed2: ops.RandomPoissonV2(
                shape=np.array(shape, np.int32), rate=rate, seed=seed, seed2=seed2, dtype=dtype
            )
        )
        check(
            expected,
            lambda counter, shape=shape, seed=seed, seed2=seed2: rejection_sampling.poisson(
                seed, seed2, counter, shape, rate, dtype
            ),
            "RandomPoissonV2",
            (*shape, rate.size),
            (False, True) if shape and dtype in (np.int32, np.float16) else (False,),
        )


def test_poisson_of_an_impossible_rate_returns() -> None:
    counts = rejection_sampling.poisson(1, 2, 0, (2,), np.array([np.nan, np.inf, 1e9]), np.float16)
    np.testing.assert_array_equal(counts, [[np.nan, np.inf, np.inf]] * 2)


@pytest.mark.parametrize("counter", [0, 2**32 - 3, 2**33 + 1])
def test_paths_agree_where_the_counter_carries(counter: int) -> None:
    with jax.enable_x64(True):
        traced = philox.uniform(7, 8, jnp.uint64(counter), (64,), np.float32)
        assert_same(np.asarray(traced), philox.uniform(7, 8, counter, (64,), np.float32))
    later = philox.uniform(7, 8, np.uint64(counter + 5), (44,), np.float32)
    assert_same(philox.uniform(7, 8, counter, (64,), np.float32)[20:], later)


def test_traced_parameters() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    with jax.enable_x64(True):
        cases = [
            (lambda c, x: philox.multinomial(1, 2, c, x, 5), logits),
            (
                lambda c, x: rejection_sampling.gamma(1, 2, c, (5,), x),
                np.array([0.5, 2], np.float32),
            ),
            (
                lambda c, x: rejection_sampling.poisson(1, 2, c, (5,), x, np.int32),
                np.array([0.5, 20]),
            ),
            (lambda c, x: philox.uniform_int(1, 2, c, (5,), 0, x, np.int32), np.int32(9)),
        ]
        for sample, parameter in cases:
            traced = jax.jit(sample)(jnp.uint64(9), jnp.asarray(parameter))
            assert_same(np.asarray(traced), sample(9, parameter))


def test_known_answers_of_the_generator() -> None:
    # The vectors published with the reference implementation (Random123, kat_vectors).
    zero = philox.uniform_int(0, 0, 0, (4,), 0, 2**31 - 1, np.int32)
    words = np.array([0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8], np.uint32)
    np.testing.assert_array_equal(zero, words % np.uint32(2**31 - 1))
