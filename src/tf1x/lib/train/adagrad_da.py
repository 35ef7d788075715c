"""`tf.train.AdagradDAOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops import array
from tf1x.ops.math import cast


@export("train.AdagradDAOptimizer")
class AdagradDAOptimizer(KernelOptimizer):
    """Adagrad by dual averaging, for large sparse linear models.

    Args:
        global_step: counts the steps; the sums are compared with it.
        initial_gradient_squared_accumulator_value: what the sums of squares start from; positive.
        l1_regularization_strength, l2_regularization_strength: at least 0.
    """

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: "
                f"{initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._global_step = global_step
        self._initial_squares = initial_gradient_squared_accumulator_value
        self._strengths = l1_regularization_strength, l2_regularization_strength
        self._learning_rate_tensor: Any = None
        self._next_step: Any = None

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            with scopes.colocate_with(var):
                zeros = array.constant(0.0, dtype, shape)
                squares = array.constant(self._initial_squares, dtype, shape)
            self._get_or_make_slot(var, zeros, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = convert.to_tensor(self._learning_rate, name="learning_rate")
        with scopes.colocate_with(self._learning_rate_tensor):
            self._next_step = array.identity(self._global_step) + 1

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "AdagradDA", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        slots = [
            self.get_slot(var, name)
            for name in ("gradient_accumulator", "gradient_squared_accumulator")
        ]
        with scopes.device(var.device):
            step = array.identity(self._next_step)
        scalars = (self._learning_rate_tensor, *self._strengths)
        return [*slots, *grad, *(cast(s, dtype) for s in scalars), step]
