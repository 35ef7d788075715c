"""TensorFlow's CPU kernels for random numbers by rejection: gamma and Poisson.

They read the streams of philox.py, and as there have a NumPy and a traced path. Each output has a
stream of blocks of its own, since nobody knows how many attempts it takes.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from tf1x.ops.philox import (
    BLOCKS_PER_OUTPUT,
    Array,
    Namespace,
    Seed,
    Shape,
    box_muller64,
    generate,
    namespace,
    uint64,
    unit64,
)

State = tuple[Array, ...]  # what a kernel keeps of each output, all [lanes]
# What is left of a lane's last block: its two float64 values (the second is used first) and how
# many are unused.
Buffer = tuple[Array, Array, Array]


def _draw(
    fresh: Callable[[Array], Array], block: Array, buffer: Buffer, wanted: Array, xp: Namespace
) -> tuple[Array, Array, Buffer]:
    """Take a value in every lane where `wanted`: (values, next block, buffer), each [lanes].

    fresh: maps block numbers [lanes] to values [lanes, 2].
    """
    first, second, left = buffer
    refill = wanted & (left == 0)
    values = fresh(block)
    first = xp.where(refill, values[:, 0], first)
    second = xp.where(refill, values[:, 1], second)
    left = xp.where(refill, 2, left) - wanted.astype(np.int32)
    value = xp.where(left == 1, second, first)
    return value, block + refill.astype(np.uint64), (first, second, left)


def _until_settled(
    step: Callable[[State, State], State], state: State, pending: Array, parameters: State
) -> State:
    """Repeat `state, accepted = step(state, parameters)` in each lane until it is accepted.

    All arrays are [lanes]; pending: the lanes to run.  step returns the new state and, as the
    last element, which lanes are accepted.  Returns the state at acceptance.
    """
    if isinstance(pending, np.ndarray):
        state = tuple(np.array(part) for part in state)
        lanes = np.flatnonzero(pending)
        while lanes.size:
            here, constants = (tuple(a[lanes] for a in arrays) for arrays in (state, parameters))
            *new, accepted = step(here, constants)
            for part, new_part in zip(state, new, strict=True):
                part[lanes] = new_part
            lanes = lanes[~accepted]
        return state

    def body(carry: tuple[Array, State]) -> tuple[Array, State]:
        pending, state = carry
        *new, accepted = step(state, parameters)
        merged = tuple(jnp.where(pending, n, old) for n, old in zip(new, state, strict=True))
        return pending & ~accepted, merged

    return jax.lax.while_loop(lambda carry: carry[0].any(), body, (pending, state))[1]


def _lanes(counter: Any, shape: Shape, parameter: Array, xp: Namespace) -> tuple[Array, Array]:
    """(first block, float64 parameter) of every lane; all samples of a parameter are adjacent."""
    samples = math.prod(shape)
    flat = xp.asarray(parameter).reshape(-1).astype(np.float64)
    offset = xp.arange(samples * flat.size, dtype=np.uint64) * np.uint64(BLOCKS_PER_OUTPUT)
    return offset + uint64(counter), xp.broadcast_to(flat[:, None], (flat.size, samples)).reshape(
        -1
    )


def _from_lanes(values: Array, shape: Shape, parameter_shape: Shape, dtype: Any) -> Array:
    """Lanes [parameters * samples] to `shape` + `parameter_shape`."""
    by_parameter = values.reshape((math.prod(parameter_shape), math.prod(shape)))
    return by_parameter.T.reshape((*shape, *parameter_shape)).astype(dtype)


def gamma(
    seed: Seed, seed2: Seed, counter: Any, shape: Shape, alpha: Array, dtype: Any = None
) -> Array:
    """RandomGamma: `shape` + alpha.shape values of scale 1, `dtype` (by default alpha's).

    Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), in float64;
    below alpha = 1 a sample for alpha + 1 is scaled by a uniform to the power 1 / alpha, and
    alpha = 1 is an exponential variable.
    """
    xp = namespace(counter, alpha)
    alpha = xp.asarray(alpha)
    dtype = alpha.dtype if dtype is None else dtype
    first, shape_parameter = _lanes(counter, shape, alpha, xp)
    small, is_one = shape_parameter < 1, shape_parameter == 1
    d = shape_parameter + xp.where(small, 2 / 3, -1 / 3)
    uniforms = partial(generate, unit64, seed, seed2)
    normals = partial(generate, box_muller64, seed, seed2)

    def attempt(state: State, parameters: State) -> State:
        block, _, *buffers = state
        d, c = parameters
        everywhere = xp.ones(block.shape, bool)
        x, block, normal_buffer = _draw(normals, block, tuple(buffers[:3]), everywhere, xp)
        v = 1 + c * x
        positive = ~(v <= 0)  # a NaN (alpha is NaN or negative) is accepted
        u, block, uniform_buffer = _draw(uniforms, block, tuple(buffers[3:]), positive, xp)
        v = xp.where(positive, v * v * v, 1.0)
        squeezed = u < 1 - 0.0331 * (x * x) * (x * x)
        accepted = squeezed | (xp.log(u) < 0.5 * x * x + d * (1 - v + xp.log(v)))
        return (block, d * v, *normal_buffer, *uniform_buffer, positive & accepted)

    zeros = xp.zeros(first.shape)
    empty = (zeros, zeros, xp.zeros(first.shape, np.int32))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        c = (1 / 3) / xp.sqrt(d)
        state = _until_settled(attempt, (first, zeros, *empty, *empty), ~is_one, (d, c))
        block, values, *buffers = state
        boost, *_ = _draw(uniforms, block, tuple(buffers[3:]), small, xp)
        values = xp.where(small, values * boost ** (1 / shape_parameter), values)
        exponential = -xp.log1p(-uniforms(first)[:, 1])
        values = xp.where(is_one, exponential, values)
        if np.dtype(dtype).itemsize == 2:  # rounded to float32 on the way
            to_float32 = partial(jax.lax.reduce_precision, exponent_bits=8, mantissa_bits=23)
            values = values.astype(np.float32) if xp is np else to_float32(values)
        out = _from_lanes(values, shape, alpha.shape, dtype)
    if xp is np and np.dtype(dtype).itemsize >= 4:
        # TensorFlow's threads flush subnormal numbers to zero; XLA's do so as well.
        out[np.abs(out) < np.finfo(dtype).tiny] = 0
    return out


def poisson(seed: Seed, seed2: Seed, counter: Any, shape: Shape, rate: Array, dtype: Any) -> Array:
    """RandomPoissonV2: `shape` + rate.shape counts, `dtype` (float16/32/64, int32, int64).

    Below rate 10 Knuth's product of uniforms, above it the transformed rejection of Hormann,
    "The transformed rejection method for generating Poisson random variables" (1993), algorithm
    PTRS; all in float64.  For a rate that is NaN or too large for `dtype`, where TensorFlow's
    kernel does not return, the rate itself is the result.
    """
    xp = namespace(counter, rate)
    rate = xp.asarray(rate)
    dtype = np.dtype(dtype)
    largest = float(np.iinfo(dtype).max if dtype.kind == "i" else ml_dtypes.finfo(dtype).max)
    first, mean = _lanes(counter, shape, rate, xp)
    uniforms = partial(generate, unit64, seed, seed2)

    def attempt(state: State, parameters: State) -> State:
        block, count, product, *parts = state
        (mean,) = parameters
        large = mean >= 10
        u, block, buffer = _draw(uniforms, block, tuple(parts), xp.ones_like(large), xp)
        v, block, buffer = _draw(uniforms, block, buffer, large, xp)
        k, accepted = _poisson_ptrs(u, v, mean, xp)
        product = product * u
        below = product <= xp.exp(-mean)
        settled = xp.where(large, accepted & (k <= largest), below)
        count = xp.where(large, k, xp.where(below, count, count + 1))
        return (block, count, product, *buffer, settled)

    regular, zeros = mean <= largest, xp.zeros(first.shape)
    empty = (zeros, zeros, xp.zeros(first.shape, np.int32))
    state = (first, xp.where(regular, 0.0, mean), zeros + 1, *empty)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        state = _until_settled(attempt, state, regular, (mean,))
        return _from_lanes(state[1], shape, rate.shape, dtype)


def _poisson_ptrs(u: Array, v: Array, mean: Array, xp: Namespace) -> tuple[Array, Array]:
    """One PTRS attempt from uniforms u, v in [0, 1): (count, accepted), each [lanes]."""
    u = u - 0.5
    b = 0.931 + 2.53 * xp.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    distance = 0.5 - xp.abs(u)
    k = xp.floor((2 * a / distance + b) * u + mean + 0.43)
    surely = (distance >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
    never = (k < 0) | ((distance < 0.013) & (v > distance))
    if xp is np:
        from scipy.special import gammaln as log_gamma  # takes 0.2 s to import, is rarely needed
    else:
        log_gamma = jax.lax.lgamma
    log_target = k * xp.log(mean) - mean - log_gamma(k + 1)
    log_proposal = xp.log(v * inverse_alpha / (a / (distance * distance) + b))
    return k, surely | (~never & (log_proposal <= log_target))
