"""Variants of Adam: LazyAdam touches only the rows with a gradient, Nadam looks a step ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib import variable_functions
from tf1x.lib.train.adam import AdamOptimizer
from tf1x.ops.array_gather import gather
from tf1x.ops.grouping import group
from tf1x.ops.math import Sqrt


class LazyAdamOptimizer(AdamOptimizer):
    """Adam; a sparse gradient changes the moments and weights of the rows that it names alone.

    Cheaper for large embeddings, and not the same numbers as Adam's.
    """

    def _apply_sparse_shared(
        self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]
    ) -> Any:
        rate, beta1, beta2, epsilon = self._coefficients(var.dtype.base_dtype)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = beta1 * gather(m, indices) + (1 - beta1) * grad
        v_rows = beta2 * gather(v, indices) + (1 - beta2) * (grad * grad)
        change = rate * m_rows / (Sqrt(v_rows) + epsilon)
        return group(
            variable_functions.scatter_sub(var, indices, change, use_locking=self._use_locking),
            variable_functions.scatter_update(m, indices, m_rows, use_locking=self._use_locking),
            variable_functions.scatter_update(v, indices, v_rows, use_locking=self._use_locking),
        )


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum (Dozat, 2015)."""

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "Adam", {"use_nesterov": True}

    def _apply_sparse_shared(
        self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]
    ) -> Any:
        rate, beta1, beta2, epsilon = self._coefficients(var.dtype.base_dtype)
        scaled = grad * (1 - beta1)
        m = self._moment(var, "m", scaled, beta1, indices, scatter_add)
        v = self._moment(var, "v", (grad * grad) * (1 - beta2), beta2, indices, scatter_add)
        ahead = scaled + beta1 * gather(m, indices)
        root = Sqrt(gather(v, indices)) + epsilon
        update = variable_functions.scatter_sub(
            var, indices, rate * ahead / root, use_locking=self._use_locking
        )
        return group(update, m, v)
