"""`tf.train.AdamOptimizer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib import variable_functions
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.grouping import group
from tf1x.ops.math import Sqrt, cast
from tf1x.ops.scatter import ResourceScatterAdd


@export("train.AdamOptimizer")
class AdamOptimizer(KernelOptimizer):
    """Adam (Kingma and Ba, 2014), with epsilon where TensorFlow has it: outside the bias correction.

    A sparse gradient decays the moments of all rows and moves all rows, not just those it names.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
        use_own_namescope_for_non_slot_vars: bool = False,
    ) -> None:
        super().__init__(use_locking, name, use_own_namescope_for_non_slot_vars)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._beta1_t: Any = None
        self._beta2_t: Any = None
        self._epsilon_t: Any = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = scopes.get_default_graph()
        return self._get_non_slot_variable("beta1_power", graph), self._get_non_slot_variable(
            "beta2_power", graph
        )

    def _create_slots(self, var_list: list[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        self._create_non_slot_variable(self._call_if_callable(self._beta2), "beta2_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = convert.to_tensor(self._call_if_callable(self._lr), name="learning_rate")
        self._beta1_t = convert.to_tensor(self._call_if_callable(self._beta1), name="beta1")
        self._beta2_t = convert.to_tensor(self._call_if_callable(self._beta2), name="beta2")
        self._epsilon_t = convert.to_tensor(self._call_if_callable(self._epsilon), name="epsilon")

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "Adam", {}

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        slots = [self.get_slot(var, "m"), self.get_slot(var, "v")]
        scalars = (
            *self._get_beta_accumulators(),
            self._lr_t,
            self._beta1_t,
            self._beta2_t,
            self._epsilon_t,
        )
        return [*slots, *(cast(s, dtype) for s in scalars), *grad]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def scatter_add(x: Any, indices: Any, values: Any) -> Any:
            return variable_functions.scatter_add(x, indices, values, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, scatter_add)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._apply_sparse_shared(grad, handle, indices, self._resource_scatter_add)

    def _resource_scatter_add(self, x: Any, indices: Any, values: Any) -> Any:
        with scopes.control_dependencies([ResourceScatterAdd(x.handle, indices, values)]):
            return x.value()

    def _apply_sparse_shared(
        self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]
    ) -> Any:
        rate, beta1, beta2, epsilon = self._coefficients(var.dtype.base_dtype)
        m = self._moment(var, "m", grad * (1 - beta1), beta1, indices, scatter_add)
        v = self._moment(var, "v", (grad * grad) * (1 - beta2), beta2, indices, scatter_add)
        root = Sqrt(v)
        update = variable_functions.assign_sub(
            var, rate * m / (root + epsilon), use_locking=self._use_locking
        )
        return group(update, m, v)

    def _coefficients(self, dtype: Any) -> tuple[Any, Any, Any, Any]:
        """The rate, corrected for the moments' start at zero, beta1, beta2 and epsilon."""
        powers = [cast(p, dtype) for p in self._get_beta_accumulators()]
        rate, beta1, beta2, epsilon = (
            cast(t, dtype) for t in (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        )
        return rate * Sqrt(1 - powers[1]) / (1 - powers[0]), beta1, beta2, epsilon

    def _moment(
        self,
        var: Any,
        name: str,
        change: Any,
        beta: Any,
        indices: Any,
        scatter_add: Callable[..., Any],
    ) -> Any:
        """The slot decayed by `beta`, with `change` added to its rows."""
        slot = self.get_slot(var, name)
        decayed = variable_functions.assign(slot, slot * beta, use_locking=self._use_locking)
        with scopes.control_dependencies([decayed]):
            return scatter_add(slot, indices, change)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with scopes.control_dependencies(update_ops):
            first, second = self._get_beta_accumulators()
            with scopes.colocate_with(first):
                first = first.assign(first * self._beta1_t, use_locking=self._use_locking)
                second = second.assign(second * self._beta2_t, use_locking=self._use_locking)
        return group(*update_ops, first, second, name=name_scope)
