"""Learning rates that fall with the step: `tf.train.exponential_decay` and its kin.

Each builds the ops of TensorFlow's schedule of that name. `piecewise_constant` and
`cosine_decay_restarts` choose with selects where TensorFlow builds `case` and `cond`; the numbers
are the same.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import int32, int64
from tf1x.core.operation import Tensor
from tf1x.ops.array_select import where_v2
from tf1x.ops.elementary import Cos, Exp, Log, Sqrt
from tf1x.ops.math import Ceil, Equal, Floor, Minimum, Mul, Neg, cast
from tf1x.ops.math_functions import add, divide, power
from tf1x.ops.random import random_normal


def _scheduled(function: Callable[..., Any]) -> Callable[..., Any]:
    """While TensorFlow executes eagerly, a schedule is a function that gives the current rate."""

    @functools.wraps(function)
    def schedule(*args: Any, **kwargs: Any) -> Any:
        if scopes.executing_eagerly():
            return functools.partial(function, *args, **kwargs)
        return function(*args, **kwargs)

    return schedule


def _initial(learning_rate: Any) -> Tensor:
    return convert.to_tensor(learning_rate, name="initial_learning_rate")


def _exponent(global_step: Any, decay_steps: Any, dtype: Any, staircase: bool) -> Any:
    exponent = cast(global_step, dtype) / decay_steps
    return Floor(exponent) if staircase else exponent


@export("train.exponential_decay")
@_scheduled
def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ** (global_step / decay_steps); a whole exponent if `staircase`."""
    with scopes.name_scope(name, "ExponentialDecay") as scope:
        rate = _initial(learning_rate)
        steps, decay = cast(decay_steps, rate.dtype), cast(decay_rate, rate.dtype)
        exponent = _exponent(global_step, steps, rate.dtype, staircase)
        decayed: Tensor = Mul(rate, power(decay, exponent), name=scope)
        return decayed


@export("train.natural_exp_decay")
@_scheduled
def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * exp(-decay_rate * global_step / decay_steps)."""
    factor = Exp(Neg(decay_rate))
    decayed = exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)
    return decayed() if callable(decayed) else decayed


@export("train.inverse_time_decay")
@_scheduled
def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate * global_step / decay_steps)."""
    with scopes.name_scope(name, "InverseTimeDecay") as scope:
        rate = _initial(learning_rate)
        steps, decay = cast(decay_steps, rate.dtype), cast(decay_rate, rate.dtype)
        exponent = _exponent(global_step, steps, rate.dtype, staircase)
        one = cast(convert.constant(1), rate.dtype)
        return divide(rate, add(one, Mul(decay, exponent), name="Add"), name=scope)


@export("train.piecewise_constant", "train.piecewise_constant_decay")
@_scheduled
def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Tensor:
    """values[0] up to and including boundaries[0], values[1] up to boundaries[1], and so on.

    Args:
        x: a scalar, often the global step.
        boundaries: increasing, of the type of `x`.
        values: one more than `boundaries`, all of one type.

    Raises:
        ValueError: boundaries of another type than `x`, values of different types or number.
    """
    limits = [convert.to_tensor(b) for b in nest.flatten(boundaries)]
    rates = [convert.to_tensor(v) for v in nest.flatten(values)]
    position = convert.to_tensor(x)
    kind = position.dtype.base_dtype
    for i, limit in enumerate(limits):
        if limit.dtype.base_dtype is kind:
            continue
        if limit.dtype.base_dtype is not int32 or kind is not int64:
            raise ValueError(
                f"Boundaries ({limit.dtype.base_dtype.name}) must have the same dtype as x ({kind.name})."
            )
        limits[i] = cast(limit, kind)
    for rate in rates[1:]:
        if rate.dtype.base_dtype is not rates[0].dtype.base_dtype:
            raise ValueError(
                "Values must have elements all with the same dtype "
                f"({rates[0].dtype.base_dtype.name} vs {rate.dtype.base_dtype.name})."
            )
    if len(limits) != len(rates) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with scopes.name_scope(name, "PiecewiseConstant"):
        chosen = rates[-1]
        for limit, rate in zip(reversed(limits), reversed(rates[:-1]), strict=True):
            chosen = where_v2(position <= limit, rate, chosen)
        return chosen


_power = power  # `polynomial_decay` has an argument of that name


@export("train.polynomial_decay")
@_scheduled
def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From learning_rate to end_learning_rate in `decay_steps` steps, as a polynomial of degree `power`.

    With `cycle`, the end is put off by another `decay_steps` each time it is reached.
    """
    with scopes.name_scope(name, "PolynomialDecay") as scope:
        rate = _initial(learning_rate)
        end, exponent = cast(end_learning_rate, rate.dtype), cast(power, rate.dtype)
        step, steps = cast(global_step, rate.dtype), cast(decay_steps, rate.dtype)
        if cycle:
            cycles = where_v2(Equal(step, 0), 1.0, Ceil(step / decay_steps))
            steps = Mul(steps, cycles)
        else:
            step = Minimum(step, steps)
        done = divide(step, steps)
        decayed: Tensor = add(Mul(rate - end, _power(1 - done, exponent)), end, name=scope)
        return decayed


def _cosine(fraction: Any) -> Any:
    return Cos(convert.constant(math.pi) * fraction)


@export("train.cosine_decay")
@_scheduled
def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Half a cosine from learning_rate to alpha * learning_rate in `decay_steps` steps."""
    with scopes.name_scope(name, "CosineDecay"):
        rate = _initial(learning_rate)
        steps = cast(decay_steps, rate.dtype)
        step = Minimum(cast(global_step, rate.dtype), steps)
        cosine = 0.5 * (1.0 + _cosine(step / steps))
        decayed: Tensor = Mul(rate, (1 - alpha) * cosine + alpha)
        return decayed


@export("train.cosine_decay_restarts")
@_scheduled
def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Cosine decay that starts again: each period `t_mul` times as long, from `m_mul` times as high."""
    with scopes.name_scope(name, "SGDRDecay") as scope:
        rate = _initial(learning_rate)
        first, floor, stretch, shrink = (
            cast(v, rate.dtype) for v in (first_decay_steps, alpha, t_mul, m_mul)
        )
        done = cast(global_step, rate.dtype) / first
        # Geometric periods where t_mul is not 1; the other branch then must not be infinite.
        equal = Equal(stretch, 1.0)
        ratio = where_v2(equal, 2.0, stretch)
        periods = Floor(Log(1.0 - Minimum(done * (1.0 - ratio), 0.0)) / Log(ratio))
        before = (1.0 - ratio**periods) / (1.0 - ratio)
        restarts = where_v2(equal, Floor(done), periods)
        fraction = where_v2(equal, done - Floor(done), (done - before) / ratio**periods)
        cosine = 0.5 * shrink**restarts * (1.0 + _cosine(fraction))
        decayed: Tensor = Mul(rate, (1 - floor) * cosine + floor, name=scope)
        return decayed


def _linear_cosine(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    options: tuple[Any, ...],
    scope: str,
    noise: Callable[[Any, Any], Any] | None,
) -> Tensor:
    rate = _initial(learning_rate)
    steps = cast(decay_steps, rate.dtype)
    periods, alpha, beta = (cast(v, rate.dtype) for v in options)
    step = Minimum(cast(global_step, rate.dtype), steps)
    linear = (steps - step) / steps
    if noise is not None:
        linear = linear + noise(step, linear)
    done = step / steps
    cosine = 0.5 * (1.0 + _cosine(2.0 * periods * done))
    decayed: Tensor = Mul(rate, (alpha + linear) * cosine + beta, name=scope)
    return decayed


@export("train.linear_cosine_decay")
@_scheduled
def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """learning_rate * ((alpha + linear) * cosine + beta): a cosine within a line that falls to 0."""
    with scopes.name_scope(name, "LinearCosineDecay") as scope:
        options = num_periods, alpha, beta
        return _linear_cosine(learning_rate, global_step, decay_steps, options, scope, None)


@export("train.noisy_linear_cosine_decay")
@_scheduled
def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """`linear_cosine_decay` with noise of variance initial_variance / (1 + step) ** variance_decay."""
    with scopes.name_scope(name, "NoisyLinearCosineDecay") as scope:

        def noise(step: Any, linear: Any) -> Any:
            variance = cast(initial_variance, step.dtype) / power(
                1.0 + step, cast(variance_decay, step.dtype)
            )
            return random_normal(linear.shape, stddev=Sqrt(variance))

        options = num_periods, alpha, beta
        return _linear_cosine(learning_rate, global_step, decay_steps, options, scope, noise)
