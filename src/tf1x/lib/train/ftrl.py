"""`tf.train.FtrlOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.core.dtypes import float32
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops import array
from tf1x.ops.math import Maximum, cast


@export("train.FtrlOptimizer")
class FtrlOptimizer(KernelOptimizer):
    """FTRL-proximal (McMahan et al., 2013), for sparse linear models.

    Args:
        learning_rate_power: at most 0; the rate falls with the sum of squares to this power.
        initial_accumulator_value: what the sums of squares start from; at least 0.
        l1_regularization_strength, l2_regularization_strength: at least 0.
        accum_name, linear_name: names of the slots, by default the optimizer's.
        l2_shrinkage_regularization_strength: adds the gradient of an L2 penalty on magnitudes.
        beta: makes the effective L2 strength fall with the learning rate.
    """

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float | None = None,
    ) -> None:
        super().__init__(use_locking, name)
        for what, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0.0:
                raise ValueError(f"{what} {value:f} needs to be positive or zero")
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power:f} needs to be negative or zero"
            )
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._l2_shrinkage = l2_shrinkage_regularization_strength
        self._beta = beta or 0.0
        self._accum_name = accum_name
        self._linear_name = linear_name
        self._tensors: dict[str, Any] = {}

    def _initial_accumulator(
        self, shape: Any, dtype: Any = float32, partition_info: Any = None
    ) -> Any:
        return array.ones(shape, dtype) * self._initial_accumulator_value

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            name = self._accum_name or self._name
            self._get_or_make_slot_with_initializer(
                var, self._initial_accumulator, var.get_shape(), var.dtype, "accum", name
            )
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        adjusted_l2 = "adjusted_l2_regularization_strength"
        self._tensors = {
            "lr": convert.to_tensor(self._learning_rate, name="learning_rate"),
            "l1": convert.to_tensor(self._l1, name="l1_regularization_strength"),
            "l2": convert.to_tensor(
                self._l2 + self._beta / (2.0 * Maximum(self._learning_rate, 1e-36)),
                name=adjusted_l2,
            ),
            "beta": convert.to_tensor(self._beta, name="beta"),
            "l2_shrinkage": convert.to_tensor(
                self._l2_shrinkage, name="l2_shrinkage_regularization_strength"
            ),
            "lr_power": convert.to_tensor(self._learning_rate_power, name="learning_rate_power"),
        }

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "FtrlV2" if self._l2_shrinkage > 0.0 else "Ftrl", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        slots = [self.get_slot(var, "accum"), self.get_slot(var, "linear")]
        shrinkage = ["l2_shrinkage"] if self._l2_shrinkage > 0.0 else []
        names = ["lr", "l1", "l2", *shrinkage, "lr_power"]
        return [*slots, *grad, *(cast(self._tensors[n], dtype) for n in names)]
