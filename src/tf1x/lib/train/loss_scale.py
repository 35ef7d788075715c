"""`tf.train.experimental`: factors that keep small gradients from underflowing.

A loss times a large factor has gradients that float16 can hold; divided by it again, they are what
they were. A dynamic factor grows while gradients are finite and shrinks where they are not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tf1x.api import export
from tf1x.core import convert, dtypes, nest
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib.variables import Variable
from tf1x.ops import math
from tf1x.ops.control_flow import cond
from tf1x.ops.grouping import group, no_op
from tf1x.ops.reduce import reduce_all


@export("train.experimental.LossScale")
class LossScale(ABC):
    """What a loss is multiplied by.

    A subclass defines `__call__`, the factor as a float32 scalar, `update`, and `get_config`.
    """

    def __init__(self) -> None:
        self._weights: list[Any] = []

    @abstractmethod
    def __call__(self) -> Any:
        """The factor, a float32 scalar."""

    @abstractmethod
    def update(self, grads: Any) -> tuple[Any, Any]:
        """An op that sets the next factor by a nest of gradients, and whether to apply these."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The arguments that make another like this one."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossScale:
        return cls(**config)

    def _add_weight(self, name: str, initial_value: Any, dtype: Any = None) -> Any:
        """A variable of the factor's."""
        made = Variable(initial_value, name=name, dtype=dtype, trainable=False, use_resource=True)
        self._weights.append(made)
        return made


@export("train.experimental.FixedLossScale")
class FixedLossScale(LossScale):
    """Always the same factor.

    Raises:
        ValueError: it is no number, or less than 1.
    """

    def __init__(self, loss_scale_value: float) -> None:
        super().__init__()
        if not isinstance(loss_scale_value, (int, float)):
            raise ValueError("loss_scale_value must be a Python int or float.")
        if loss_scale_value < 1:
            raise ValueError("loss_scale_value must be at least 1.")
        self._loss_scale_value = float(loss_scale_value)

    def __call__(self) -> Any:
        return convert.to_tensor(self._loss_scale_value, dtypes.float32)

    def update(self, grads: Any) -> tuple[Any, Any]:
        return no_op(), True

    def __repr__(self) -> str:
        return f"FixedLossScale({self._loss_scale_value})"

    def get_config(self) -> dict[str, Any]:
        return {"loss_scale_value": self._loss_scale_value}


@export("train.experimental.DynamicLossScale")
class DynamicLossScale(LossScale):
    """A factor that grows after so many steps with finite gradients, and shrinks after any other.

    Args:
        initial_loss_scale: the first factor.
        increment_period: how many finite steps in a row it takes to grow.
        multiplier: by what it grows and shrinks; it never falls below 1.
    """

    def __init__(
        self,
        initial_loss_scale: float = 2**15,
        increment_period: int = 2000,
        multiplier: float = 2.0,
    ) -> None:
        super().__init__()
        self._initial_loss_scale = float(initial_loss_scale)
        self._increment_period = int(increment_period)
        self._multiplier = float(multiplier)
        self._factor = self._add_weight(
            "current_loss_scale", self._initial_loss_scale, dtypes.float32
        )
        self._good_steps = self._add_weight("good_steps", 0, dtypes.int64)

    @property
    def initial_loss_scale(self) -> float:
        return self._initial_loss_scale

    @property
    def increment_period(self) -> int:
        return self._increment_period

    @property
    def multiplier(self) -> float:
        return self._multiplier

    def __call__(self) -> Any:
        return convert.to_tensor(self._factor)

    def update(self, grads: Any) -> tuple[Any, Any]:
        factor, good_steps = self._factor, self._good_steps

        def grow() -> Any:
            more = factor * self._multiplier
            kept = cond(math.IsFinite(more), lambda: group(factor.assign(more)), no_op)
            return group(kept, good_steps.assign(0))

        def after_finite() -> Any:
            return cond(
                good_steps + 1 >= self._increment_period,
                grow,
                lambda: group(good_steps.assign_add(1)),
            )

        def after_infinite() -> Any:
            less = math.Maximum(factor / self._multiplier, 1.0)
            return group(good_steps.assign(0), factor.assign(less))

        finite = _all_finite(grads)
        return cond(finite, after_finite, after_infinite), finite

    def __repr__(self) -> str:
        return (
            f"DynamicLossScale(initial_loss_scale={self._initial_loss_scale}, "
            f"increment_period={self._increment_period}, multiplier={self._multiplier})"
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_loss_scale": self._initial_loss_scale,
            "increment_period": self._increment_period,
            "multiplier": self._multiplier,
        }


def _all_finite(grads: Any) -> Any:
    """Whether no gradient of a nest has an infinity or NaN."""
    values = [g.values if isinstance(g, IndexedSlices) else g for g in nest.flatten(grads)]
    finite = [reduce_all(math.IsFinite(v)) for v in values if v is not None]
    return reduce_all(finite)


def get(identifier: Any) -> LossScale | None:
    """A number, "dynamic" or None as a loss scale.

    Raises:
        ValueError: anything else.
    """
    if identifier is None or isinstance(identifier, LossScale):
        return identifier
    if isinstance(identifier, (int, float)):
        return FixedLossScale(identifier)
    if identifier == "dynamic":
        return DynamicLossScale()
    raise ValueError(f"Could not interpret loss scale identifier: {identifier}")
