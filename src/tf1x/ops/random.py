"""Random numbers: TensorFlow's ops, with TensorFlow's streams (philox.py, rejection_sampling.py).

Each op has two seeds and, in each session, a position in its stream; `counter` is that position,
supplied by the runtime, which moves it on after each run.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tf1x.api import define, export
from tf1x.core import convert, random_seed, scopes
from tf1x.core.dtypes import (
    FLOATS,
    INDICES,
    REALS,
    DType,
    as_dtype,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import math, philox, rejection_sampling, xp
from tf1x.ops.shape_rules import dims, unchanged

_SEEDS: dict[str, tuple[str, Any]] = {"seed": ("int", 0), "seed2": ("int", 0)}

define(random_seed.set_random_seed, "set_random_seed", "random.set_random_seed")
define(random_seed.get_seed, "get_seed")


def _from_shape_input(op: Operation) -> Any:
    return [constant_value_as_shape(op.inputs[0])]


def _sampler(name: str, function: Any, doc: str) -> Any:
    """Declare an op that draws an array of floats of a given shape."""

    def lower(shape: Any, *, dtype: DType, counter: Any) -> Any:
        size = xp.static_shape(shape)
        start = counter.take(philox.blocks_per_run(name, size))
        values = function(*counter.key, start, size, dtype.as_numpy_dtype)
        # Without the barrier XLA computes the numbers anew in every fusion that uses them.
        return jax.lax.optimization_barrier(values) if xp.is_jax(values) else values

    lower.__doc__ = doc
    return op(
        "shape: T -> output: dtype",
        type=name,
        T=INDICES,
        dtype=FLOATS,
        shape=_from_shape_input,
        grad=None,
        stateful=True,
        attrs=_SEEDS,
    )(lower)


RandomUniform = _sampler("RandomUniform", philox.uniform, "Uniform floats in [0, 1).")
RandomStandardNormal = _sampler(
    "RandomStandardNormal", philox.normal, "Normal floats with mean 0 and deviation 1."
)
TruncatedNormal = _sampler(
    "TruncatedNormal",
    philox.truncated_normal,
    "Normal floats with mean 0 and deviation 1, drawn again where they lie beyond 2.",
)


@op(
    "shape: T, minval: Tout, maxval: Tout -> output: Tout",
    T=INDICES,
    Tout=INDICES,
    shape=_from_shape_input,
    grad=None,
    stateful=True,
    attrs=_SEEDS,
)
def RandomUniformInt(shape: Any, minval: Any, maxval: Any, *, counter: Any) -> Any:
    """Uniform integers in [minval, maxval)."""
    xp.check(
        minval < maxval,
        InvalidArgumentError,
        lambda: f"Need minval < maxval, got {minval} >= {maxval}",
    )
    size = xp.static_shape(shape)
    start = counter.take(philox.blocks_per_run("RandomUniformInt", size))
    return philox.uniform_int(*counter.key, start, size, minval, maxval, minval.dtype)


@op("value: T -> output: T", shape=unchanged, grad=None, stateful=True, attrs=_SEEDS)
def RandomShuffle(value: Any, *, counter: Any) -> Any:
    """`value` with its rows in random order."""
    shape = np.shape(value)
    if not shape or shape[0] <= 1:
        return value
    start = counter.take(philox.blocks_per_run("RandomShuffle", shape))
    return xp.take(value, philox.permutation(*counter.key, start, shape[0]), axis=0)


def _samples_shape(op: Operation) -> Any:
    count = constant_value(op.inputs[1])
    rows = dims(op)
    return [(None if rows is None else rows[0], None if count is None else int(count))]


@op(
    "logits: T, num_samples: int32 -> output: output_dtype",
    T=REALS,
    output_dtype=(INDICES, int64),
    shape=_samples_shape,
    grad=None,
    stateful=True,
    attrs=_SEEDS,
)
def Multinomial(logits: Any, num_samples: Any, *, output_dtype: DType, counter: Any) -> Any:
    """Class numbers [batch, num_samples] drawn by unnormalised log-probabilities [batch, classes]."""
    count = int(xp.static(num_samples))
    start = counter.take(philox.blocks_per_run("Multinomial", (logits.shape[0], count)))
    return philox.multinomial(*counter.key, start, logits, count, output_dtype.as_numpy_dtype)


def _per_rate(op: Operation) -> Any:
    return [constant_value_as_shape(op.inputs[0]).concatenate(op.inputs[1].shape)]


def _gamma_gradient(forward: Operation, grad: Any) -> list[Any]:
    from tf1x.ops import array, reduce
    from tf1x.ops.special_math import RandomGammaGrad

    shape, alpha = forward.inputs
    slopes = RandomGammaGrad(alpha, forward.outputs[0])
    of_samples = array.range_(array.size(shape))
    return [None, reduce.reduce_sum(grad * slopes, axis=of_samples)]


@op(
    "shape: S, alpha: T -> output: T",
    S=INDICES,
    T=(float16, float32, float64),
    shape=_per_rate,
    grad=_gamma_gradient,
    stateful=True,
    attrs=_SEEDS,
)
def RandomGamma(shape: Any, alpha: Any, *, counter: Any) -> Any:
    """Gamma values of rate 1: for each of `alpha`, an array of `shape` in front."""
    size = xp.static_shape(shape)
    start = counter.take(philox.blocks_per_run("RandomGamma", size + np.shape(alpha)))
    return rejection_sampling.gamma(*counter.key, start, size, alpha, alpha.dtype)


@op(
    "shape: S, rate: R -> output: dtype",
    S=INDICES,
    R=(float16, float32, float64, *INDICES),
    dtype=((float16, float32, float64, *INDICES), int64),
    shape=_per_rate,
    grad=None,
    stateful=True,
    attrs=_SEEDS,
)
def RandomPoissonV2(shape: Any, rate: Any, *, dtype: DType, counter: Any) -> Any:
    """Poisson counts: for each of `rate`, an array of `shape` in front."""
    size = xp.static_shape(shape)
    start = counter.take(philox.blocks_per_run("RandomPoissonV2", size + np.shape(rate)))
    return rejection_sampling.poisson(*counter.key, start, size, rate, dtype.as_numpy_dtype)


def _seed_attrs(seed: int | None) -> dict[str, int]:
    first, second = random_seed.get_seed(seed)
    return {"seed": first or 0, "seed2": second or 0}


def _shape_tensor(shape: Any) -> Tensor:
    if isinstance(shape, (list, tuple, TensorShape)) and not len(shape):
        return convert.to_tensor(np.array([], np.int32), name="shape")
    if isinstance(shape, (list, tuple)) and all(_is_dim(d) for d in shape):
        return convert.to_tensor([int(d) for d in shape], int32, name="shape")
    return convert.to_tensor(shape, name="shape")


def _is_dim(value: Any) -> bool:
    return not isinstance(value, Tensor) and hasattr(value, "__index__")


@export("random_uniform", "random.uniform")
def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform values in [minval, maxval).

    Args:
        shape: the result's shape.
        minval, maxval: bounds; `maxval` is 1 by default for floats and must be given for ints.
        dtype: float16, bfloat16, float32, float64, int32 or int64.

    Raises:
        ValueError: an integer type without `maxval`, or another type.
    """
    dtype = as_dtype(dtype)
    if dtype not in (*FLOATS, *INDICES):
        raise ValueError(f"Invalid dtype for random_uniform: {dtype.name}")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype")
        maxval = 1
    plain_zero = isinstance(minval, int) and minval == 0
    plain_one = isinstance(maxval, int) and maxval == 1
    with scopes.name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        size = _shape_tensor(shape)
        if dtype.is_integer or not (plain_zero and plain_one):
            minval = convert.to_tensor(minval, dtype, name="min")
            maxval = convert.to_tensor(maxval, dtype, name="max")
        seeds = _seed_attrs(seed)
        if dtype.is_integer:
            return RandomUniformInt(size, minval, maxval, **seeds, name=scope)
        values = RandomUniform(size, dtype, **seeds)
        if not plain_zero:
            return math.AddV2(math.Mul(values, math.Sub(maxval, minval, name="sub"), name="mul"), minval, name=scope)  # fmt: skip
        return values if plain_one else math.Mul(values, maxval)


def _scaled(sampler: Any, default_name: str) -> Any:
    def sample(
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        seed: int | None = None,
        name: str | None = None,
    ) -> Tensor:
        with scopes.name_scope(name, default_name, [shape, mean, stddev]) as scope:
            size = _shape_tensor(shape)
            center = convert.to_tensor(mean, dtype, name="mean")
            scale = convert.to_tensor(stddev, dtype, name="stddev")
            values = sampler(size, as_dtype(dtype), **_seed_attrs(seed))
            return math.AddV2(math.Mul(values, scale, name="mul"), center, name=scope)

    sample.__name__ = sample.__qualname__ = default_name
    return sample


random_normal = _scaled(RandomStandardNormal, "random_normal")
random_normal.__doc__ = "Normal values of the given shape, mean and standard deviation."
truncated_normal = _scaled(TruncatedNormal, "truncated_normal")
truncated_normal.__doc__ = (
    "Normal values, drawn again where they lie more than two standard deviations from the mean."
)
define(random_normal, "random_normal", "random.normal")
define(truncated_normal, "truncated_normal", "random.truncated_normal")


@export("random_shuffle", "random.shuffle")
def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """`value` with its rows (first dimension) in random order."""
    return RandomShuffle(value, **_seed_attrs(seed), name=name)


@export("multinomial", "random.multinomial")
def multinomial(
    logits: Any,
    num_samples: Any,
    seed: int | None = None,
    name: str | None = None,
    output_dtype: Any = None,
) -> Tensor:
    """Class numbers, int64 [batch, num_samples], drawn by log-probabilities [batch, classes]."""
    with scopes.name_scope(name, "multinomial", [logits]):
        logits = convert.to_tensor(logits, name="logits")
        dtype = as_dtype(output_dtype or int64)
        return Multinomial(logits, num_samples, output_dtype=dtype, **_seed_attrs(seed))


@export("random.categorical")
def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """As `tf.multinomial`."""
    with scopes.name_scope(name, "categorical", [logits]):
        return multinomial(logits, num_samples, seed, "Multinomial", dtype)


@export("random_gamma", "random.gamma")
def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Gamma(alpha, beta) values of shape `shape + broadcast(alpha, beta)`; beta is the rate."""
    from tf1x.ops import array, array_broadcast

    with scopes.name_scope(name, "random_gamma", [shape, alpha, beta]):
        size = convert.to_tensor(shape, int32, name="shape")
        alpha = convert.to_tensor(alpha, dtype, name="alpha")
        rate = convert.to_tensor(1 if beta is None else beta, dtype, name="beta")
        shape = array_broadcast.broadcast_dynamic_shape(array.shape(alpha), array.shape(rate))
        alpha = array_broadcast.BroadcastTo(alpha, shape)
        smallest = np.finfo(as_dtype(dtype).as_numpy_dtype).tiny
        return math.Maximum(smallest, RandomGamma(size, alpha, **_seed_attrs(seed)) / rate)


@export("random_poisson", "random.poisson")
def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Poisson(lam) counts of shape `shape + lam.shape`."""
    with scopes.name_scope(name, "random_poisson", [lam, shape]):
        size = convert.to_tensor(shape, int32, name="shape")
        return RandomPoissonV2(size, lam, dtype=as_dtype(dtype), **_seed_attrs(seed))


@export("random_crop", "image.random_crop", "random.crop")
def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A slice of shape `size` of `value`, at a random offset.

    Raises (at run time):
        InvalidArgumentError: `size` is larger than `value`.
    """
    from tf1x.ops import array, array_slicing, checks, grouping, reduce

    with scopes.name_scope(name, "random_crop", [value, size]) as scope:
        value = convert.to_tensor(value, name="value")
        size = convert.to_tensor(size, int32, name="size")
        shape = array.shape(value)
        check = checks.Assert(
            reduce.reduce_all(math.GreaterEqual(shape, size)),
            ["Need value.shape >= size, got ", shape, size],
            summarize=1000,
        )
        shape = grouping.with_dependencies([check], shape)
        limit = shape - size + 1
        offset = random_uniform(
            array.shape(shape), dtype=size.dtype, maxval=size.dtype.max, seed=seed
        )
        return array_slicing.slice_(
            value, math.FloorMod(offset, limit, name="mod"), size, name=scope
        )
