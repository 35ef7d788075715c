"""`tf.train.MomentumOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.math import cast


@export("train.MomentumOptimizer")
class MomentumOptimizer(KernelOptimizer):
    """accumulation = momentum * accumulation + gradient; variable -= learning_rate * accumulation.

    Args:
        learning_rate, momentum: numbers, tensors or functions.
        use_nesterov: look one step ahead (Sutskever et al., 2013).
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov
        self._learning_rate_tensor: Any = None
        self._momentum_tensor: Any = None

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert.to_tensor(rate, name="learning_rate")
        momentum = self._call_if_callable(self._momentum)
        self._momentum_tensor = convert.to_tensor(momentum, name="momentum")

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "Momentum", {"use_nesterov": self._use_nesterov}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        slot = self.get_slot(var, "momentum")
        return [
            slot,
            cast(self._learning_rate_tensor, dtype),
            *grad,
            cast(self._momentum_tensor, dtype),
        ]
