"""`tf.train.AdadeltaOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.math import cast


@export("train.AdadeltaOptimizer")
class AdadeltaOptimizer(KernelOptimizer):
    """Scales steps by the ratio of the mean squares of past steps and gradients (Zeiler, 2012)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._tensors: list[Any] = []

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self) -> None:
        values = [self._call_if_callable(v) for v in (self._lr, self._rho, self._epsilon)]
        names = ("lr", "rho", "epsilon")
        self._tensors = [convert.to_tensor(v, name=n) for v, n in zip(values, names, strict=True)]

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "Adadelta", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        slots = [self.get_slot(var, name) for name in ("accum", "accum_update")]
        return [*slots, *(cast(t, dtype) for t in self._tensors), *grad]
