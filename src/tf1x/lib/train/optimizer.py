"""The base of all optimizers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, deferred, nest, opdef, scopes
from tf1x.core.dtypes import FLOATS
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import as_variable, variable_key
from tf1x.core.scopes import GraphKeys
from tf1x.lib.gradients import gradients
from tf1x.lib.train import slot_creator
from tf1x.lib.variable_functions import trainable_variables
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.lib.variables import ResourceVariable, Variable, init_scope
from tf1x.ops import array, state
from tf1x.ops.array_select import unique
from tf1x.ops.grouping import group, tuple_
from tf1x.ops.segment import UnsortedSegmentSum


def _key(variable: Any) -> tuple[Any, str]:
    shared = variable_key(variable._reference()) if isinstance(variable, Variable) else None
    return variable.op.graph, shared or variable.op.name


def is_resource(variable: Any) -> bool:
    """Whether ops take the variable's handle rather than a reference."""
    return isinstance(variable, ResourceVariable)


def reference(variable: Any) -> Any:
    """What the `Apply*` ops take: the reference, or the handle of a resource variable."""
    return variable.handle if is_resource(variable) else variable


@export("train.Optimizer")
class Optimizer:
    """Computes gradients of a loss and applies them to variables.

    A subclass defines `_apply_dense` and `_apply_sparse` (and, for resource variables,
    `_resource_apply_dense` and `_resource_apply_sparse`), and where it needs them `_create_slots`,
    `_prepare` and `_finish`.

    Args:
        use_locking: kept as an attribute of the update ops.
        name: prefix of the ops, and of the slots after their variables' names.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(
        self, use_locking: bool, name: str, use_own_namescope_for_non_slot_vars: bool = False
    ) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._own_scope: Any = None
        if use_own_namescope_for_non_slot_vars:
            with variable_scope(None, default_name=name) as scope:
                self._own_scope = scope
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[Any, Any] = {}

    def get_name(self) -> str:
        return self._name

    # -- the two steps -------------------------------------------------------------------------

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """An op that makes one step: `compute_gradients`, then `apply_gradients`.

        Args:
            loss: the tensor to minimize.
            global_step: a variable to count the steps in.
            var_list: the variables to change, by default all trainable ones.

        Raises:
            ValueError: the loss depends on none of them.
        """
        grads_and_vars = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(grad is None for grad, _ in grads_and_vars):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support "
                f"gradients, between variables {[str(v) for _, v in grads_and_vars]} and loss {loss}."
            )
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Pairs of gradient (a tensor, IndexedSlices or None) and variable.

        Args:
            gate_gradients: GATE_GRAPH makes every gradient wait for all; accepted otherwise.
            grad_loss: a gradient of the loss to start from.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        if not callable(loss):
            self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        if callable(loss):
            loss, var_list, grads = _of_function(loss, var_list, grad_loss)
            pairs = list(zip(grads, var_list, strict=True))
            self._assert_valid_dtypes([v for grad, v in pairs if grad is not None])
            return pairs
        if scopes.executing_eagerly():
            raise RuntimeError("`loss` passed to Optimizer.compute_gradients should be a function when eager execution is enabled.")  # fmt: skip
        var_list = trainable_variables() if var_list is None else nest.flatten(var_list)
        var_list = [part for v in var_list for part in _parts(as_variable(v))]
        if not var_list:
            raise ValueError("No variables to optimize.")
        for variable in var_list:
            if not isinstance(variable, (Variable, Tensor)):
                raise NotImplementedError("Trying to optimize unsupported type ", variable)
        grads = gradients(
            loss,
            [v if isinstance(v, Tensor) else v._reference() for v in var_list],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == self.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == self.GATE_GRAPH:
            grads = tuple_(grads)
        pairs = list(zip(grads, var_list, strict=True))
        self._assert_valid_dtypes([v for grad, v in pairs if grad is not None])
        return pairs

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], global_step: Any = None, name: str | None = None
    ) -> Any:
        """An op that changes the variables by their gradients and, if given, counts the step.

        Raises:
            TypeError: a gradient that is no tensor.
            ValueError: no pairs, or no gradient among them.
        """
        pairs = [(_as_gradient(grad), as_variable(v)) for grad, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        var_list = [variable for grad, variable in pairs if grad is not None]
        if not var_list:
            raise ValueError(
                f"No gradients provided for any variable: {[str(v) for _, v in pairs]}."
            )
        with init_scope():
            self._create_slots(var_list)
        deferred.objects_changed()
        with scopes.name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for grad, variable in pairs:
                if grad is not None:
                    with (
                        scopes.name_scope(f"update_{variable.op.name}"),
                        scopes.colocate_with(variable),
                    ):
                        updates.append(self._update(grad, variable))
            if global_step is None:
                applied = self._finish(updates, scope)
            else:
                with scopes.control_dependencies([self._finish(updates, "update")]):
                    applied = _count(global_step, scope)
        if isinstance(applied, Tensor):
            applied = applied.op
        train_ops = scopes.get_collection_ref(GraphKeys.TRAIN_OP)
        if applied not in train_ops:
            train_ops.append(applied)
        return applied

    def _update(self, grad: Any, variable: Any) -> Any:
        if not isinstance(variable, Variable):
            raise NotImplementedError("Trying to update a Tensor ", variable)
        if isinstance(grad, IndexedSlices):
            if variable.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if is_resource(variable):
                return self._resource_apply_sparse_duplicate_indices(
                    grad.values, variable, grad.indices
                )
            return self._apply_sparse_duplicate_indices(grad, variable)
        apply = self._resource_apply_dense if is_resource(variable) else self._apply_dense
        update = apply(grad, variable)
        if variable.constraint is None:
            return update
        with scopes.control_dependencies([update]):
            return variable.assign(variable.constraint(variable))

    # -- slots ---------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Any:
        """The slot `name` of a variable, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """The names of the slots, sorted."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All variables that the optimizer has made in the default graph, by name."""
        graph = scopes.get_default_graph().outermost
        found = list(self._non_slot_dict.values())
        found += [slot for slots in self._slots.values() for slot in slots.values()]
        return sorted((v for v in found if v.graph is graph), key=lambda v: v.name)

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        """The slot, created with the value `val` if need be."""
        return self._slot(var, slot_name, lambda: slot_creator.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        return self._slot(
            var,
            slot_name,
            lambda: slot_creator.create_slot_with_initializer(
                var, initializer, shape, dtype, op_name
            ),
        )

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        """The slot, created as zeros if need be."""
        return self._slot(var, slot_name, lambda: slot_creator.create_zeros_slot(var, op_name))

    def _slot(self, var: Any, slot_name: str, create: Callable[[], Any]) -> Any:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create()
        return slots[_key(var)]

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """A variable of the optimizer itself, such as `beta1_power`."""
        key = name, colocate_with.graph.outermost
        if key not in self._non_slot_dict:
            resource = is_resource(colocate_with)
            with scopes.colocate_with(colocate_with):
                if self._own_scope is None:
                    made = Variable(
                        initial_value, name=name, trainable=False, use_resource=resource
                    )
                else:
                    with scopes.name_scope(""), variable_scope(self._own_scope):
                        made = get_variable(
                            name, initializer=initial_value, trainable=False, use_resource=resource
                        )
            self._non_slot_dict[key] = made
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot_dict.get((name, None if graph is None else graph.outermost))

    def _non_slot_variables(self) -> list[Any]:
        return list(self._non_slot_dict.values())

    # -- what subclasses define ----------------------------------------------------------------

    def _valid_dtypes(self) -> set[Any]:
        """The types that loss and variables may have."""
        return set(FLOATS)

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        valid = self._valid_dtypes()
        for tensor in tensors:
            if tensor.dtype.base_dtype not in valid:
                names = sorted(d.name for d in valid)
                raise ValueError(
                    f"Invalid type {tensor.dtype.base_dtype!r} for {tensor.name}, expected: {names}."
                )

    def _create_slots(self, var_list: list[Any]) -> None:
        """Make the slots of the variables."""

    def _prepare(self) -> None:
        """Make tensors of the hyperparameters."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        """Update a variable by a dense gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not define _apply_dense")

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        """Update a resource variable by a dense gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not define _resource_apply_dense")

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """Update the rows of a variable that a gradient without duplicate indices names."""
        raise NotImplementedError(f"{type(self).__name__} does not define _apply_sparse")

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        """Update rows of a resource variable; no index occurs twice."""
        raise NotImplementedError(f"{type(self).__name__} does not define _resource_apply_sparse")

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = _summed(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        values, unique_indices = _summed(grad, indices)
        return self._resource_apply_sparse(values, handle, unique_indices)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """Tie the updates together; the result is the training op."""
        return group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param


def _parts(variable: Any) -> list[Any]:
    parts = getattr(variable, "_get_variable_list", None)
    return [variable] if parts is None else parts()


def _of_function(
    loss: Callable[[], Any], var_list: Any, grad_loss: Any
) -> tuple[Any, list[Any], list[Any]]:
    """Its value, the variables, and the gradients by them, of a loss that is a function."""
    from tf1x.lib.eager.tape import GradientTape

    with GradientTape() as tape:
        if var_list is not None:
            tape.watch(var_list)
        value = loss()
    if var_list is None:
        var_list = list(tape.watched_variables())
    chosen = nest.flatten(var_list)
    return value, chosen, tape.gradient(value, chosen, grad_loss)


def _as_gradient(grad: Any) -> Any:
    if grad is None or isinstance(grad, (Tensor, IndexedSlices)):
        return grad
    try:
        return convert.to_tensor(grad)
    except TypeError:
        raise TypeError(
            f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}"
        ) from None


def _summed(values: Any, indices: Any) -> tuple[Any, Any]:
    """Rows of one index added up, and the distinct indices."""
    found, positions = unique(indices)
    return UnsortedSegmentSum(values, positions, array.shape(found)[0]), found


def _count(global_step: Any, name: str) -> Operation | Tensor:
    with scopes.colocate_with(global_step):
        if is_resource(global_step):
            one = convert.to_tensor(1, global_step.dtype)
            counted: Operation = state.AssignAddVariableOp(global_step.handle, one, name=name)
            return counted
        added: Tensor = state.AssignAdd(global_step, 1, name=name)
        return added


class KernelOptimizer(Optimizer):
    """An optimizer whose update of a variable is one op, `Apply<kernel>` or a sibling of it."""

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        """The op type without its prefix, and attributes besides `use_locking`."""
        raise NotImplementedError(f"{type(self).__name__} does not define _kernel")

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        """The op's inputs after the variable: slots, hyperparameters of type `dtype`, and `grad`
        (the gradient, and its indices where it is sparse) in its place."""
        raise NotImplementedError(f"{type(self).__name__} does not define _inputs")

    def _apply(self, prefix: str, var: Any, dtype: Any, grad: list[Any]) -> Any:
        kernel, attrs = self._kernel()
        definition = opdef.get(prefix + kernel)
        inputs = [var, *self._inputs(var, dtype, grad)]
        changed = len(definition.writes)  # the variable and its slots come first
        inputs[:changed] = [reference(v) for v in inputs[:changed]]
        return definition.endpoint(*inputs, use_locking=self._use_locking, **attrs)

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply("Apply", var, var.dtype.base_dtype, [grad])

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        return self._apply("ResourceApply", handle, grad.dtype.base_dtype, [grad])

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply("SparseApply", var, var.dtype.base_dtype, [grad.values, grad.indices])

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._apply("ResourceSparseApply", handle, grad.dtype, [grad, indices])
