"""`tf.train.GradientDescentOptimizer`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.math import cast
from tf1x.ops.scatter import ResourceScatterAdd


@export("train.GradientDescentOptimizer")
class GradientDescentOptimizer(KernelOptimizer):
    """Subtracts the gradient times `learning_rate` (a number, tensor or function)."""

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor: Any = None

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert.to_tensor(rate, name="learning_rate")

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "GradientDescent", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        return [cast(self._learning_rate_tensor, dtype), *grad]

    # Rows that occur twice need no summing first: scattering subtracts each.

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        steps = grad.values * cast(self._learning_rate_tensor, var.dtype.base_dtype)
        return var.scatter_sub(
            IndexedSlices(steps, grad.indices, grad.dense_shape), use_locking=self._use_locking
        )

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        steps = -grad * cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        return ResourceScatterAdd(handle.handle, indices, steps)
