"""`tf.train.ProximalAdagradOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import scopes
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.lib.train.proximal_gradient_descent import proximal_tensors
from tf1x.ops import array
from tf1x.ops.math import cast


@export("train.ProximalAdagradOptimizer")
class ProximalAdagradOptimizer(KernelOptimizer):
    """Adagrad, then shrinkage by L1 and L2.

    Args:
        initial_accumulator_value: what the sums of squares start from; positive.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._values = learning_rate, l1_regularization_strength, l2_regularization_strength
        self._initial_accumulator_value = initial_accumulator_value
        self._tensors: list[Any] = []

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            with scopes.colocate_with(var):
                value = array.constant(
                    self._initial_accumulator_value, var.dtype.base_dtype, var.get_shape()
                )
            self._get_or_make_slot(var, value, "accumulator", self._name)

    def _prepare(self) -> None:
        self._tensors = proximal_tensors(*self._values)

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "ProximalAdagrad", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        return [self.get_slot(var, "accumulator"), *(cast(t, dtype) for t in self._tensors), *grad]
