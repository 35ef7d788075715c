"""`tf.train.RMSPropOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.lib import initializers
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.array import ones_like
from tf1x.ops.math import cast


@export("train.RMSPropOptimizer")
class RMSPropOptimizer(KernelOptimizer):
    """Divides gradients by the root of a moving average of their squares (Tieleman and Hinton, 2012).

    Args:
        decay: how much of the average is kept at each step.
        momentum: how much of the previous step is added.
        epsilon: added under the root.
        centered: use the variance of the gradients in place of their mean square.
    """

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._tensors: list[Any] = []

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            ones = initializers.Ones(dtype) if shape.is_fully_defined() else ones_like(var)
            self._get_or_make_slot_with_initializer(var, ones, shape, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        values = [
            self._call_if_callable(v)
            for v in (self._learning_rate, self._decay, self._momentum, self._epsilon)
        ]
        names = ("learning_rate", "decay", "momentum", "epsilon")
        self._tensors = [convert.to_tensor(v, name=n) for v, n in zip(values, names, strict=True)]

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "CenteredRMSProp" if self._centered else "RMSProp", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        names = ("mg", "rms", "momentum") if self._centered else ("rms", "momentum")
        slots = [self.get_slot(var, name) for name in names]
        return [*slots, *(cast(t, dtype) for t in self._tensors), *grad]
