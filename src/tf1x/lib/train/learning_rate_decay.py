"""Learning rates that fall with the step: `tf.train.exponential_decay` and its kin.

Each builds the ops of TensorFlow's schedule of that name. `piecewise_constant` and
`cosine_decay_restarts` choose with selects where TensorFlow builds `case` and `cond`; the numbers
are the same.
"""

from __future__ import annotations

import math
from typing import Any

from tf1x.api import export
from tf1x.core import convert, nest, opdef, scopes
from tf1x.core.dtypes import int32, int64
from tf1x.core.graph import Tensor
from tf1x.ops import elementary
from tf1x.ops import math as basic
from tf1x.ops.array_select import where_v2
from tf1x.ops.math import cast
from tf1x.ops.math_functions import divide, power
from tf1x.ops.random import random_normal


def _rate(learning_rate: Any) -> tuple[Any, Any]:
    rate = convert.to_tensor(learning_rate, name="initial_learning_rate")
    return rate, rate.dtype


def _progress(global_step: Any, decay_steps: Any, dtype: Any, staircase: bool) -> tuple[Any, Any]:
    raise AssertionError


@export("train.exponential_decay")
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
        rate, dtype = _rate(learning_rate)
        steps = cast(decay_steps, dtype)
        decay = cast(decay_rate, dtype)
        exponent = cast(global_step, dtype) / steps
        if staircase:
            exponent = basic.Floor(exponent)
        decayed: Tensor = basic.Mul(rate, power(decay, exponent), name=scope)
        return decayed
