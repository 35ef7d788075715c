"""`tf.train.ProximalGradientDescentOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.math import cast


def proximal_tensors(learning_rate: Any, l1: Any, l2: Any) -> list[Any]:
    """Learning rate and regularization strengths as tensors."""
    names = ("learning_rate", "l1_regularization_strength", "l2_regularization_strength")
    return [
        convert.to_tensor(v, name=n) for v, n in zip((learning_rate, l1, l2), names, strict=True)
    ]


@export("train.ProximalGradientDescentOptimizer")
class ProximalGradientDescentOptimizer(KernelOptimizer):
    """Gradient descent, then shrinkage by L1 and L2 (Duchi and Singer, 2009)."""

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._values = learning_rate, l1_regularization_strength, l2_regularization_strength
        self._tensors: list[Any] = []

    def _prepare(self) -> None:
        self._tensors = proximal_tensors(*self._values)

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "ProximalGradientDescent", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        return [*(cast(t, dtype) for t in self._tensors), *grad]
