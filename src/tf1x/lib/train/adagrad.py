"""`tf.train.AdagradOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.lib import initializers
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops import array
from tf1x.ops.math import cast


@export("train.AdagradOptimizer")
class AdagradOptimizer(KernelOptimizer):
    """Divides gradients by the root of the sum of their squares (Duchi et al., 2011).

    Args:
        initial_accumulator_value: what the sums start from; positive.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor: Any = None

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            init: Any = initializers.Constant(self._initial_accumulator_value, dtype)
            if not shape.is_fully_defined():
                filled = array.fill(array.shape(var), self._initial_accumulator_value)
                init = cast(filled, dtype)
            self._get_or_make_slot_with_initializer(
                var, init, shape, dtype, "accumulator", self._name
            )

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert.to_tensor(rate, name="learning_rate")

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "Adagrad", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        return [self.get_slot(var, "accumulator"), cast(self._learning_rate_tensor, dtype), *grad]
