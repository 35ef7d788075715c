"""Moving averages of variables: `tf.train.ExponentialMovingAverage`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import FLOATS, float32
from tf1x.core.operation import Operation
from tf1x.core.scopes import GraphKeys
from tf1x.lib import initializers, variable_functions
from tf1x.lib.train import slot_creator
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.lib.variables import Variable, init_scope
from tf1x.ops.grouping import group
from tf1x.ops.math import Minimum, cast
from tf1x.ops.math_functions import divide, power, truediv


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """variable = decay * variable + (1 - decay) * value; returns what evaluates to the new value.

    Args:
        zero_debias: correct for the start at zero: the average is then computed in variables of
            its own (`biased` and `local_step`) and divided by its weight.
    """
    with scopes.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = convert.to_tensor(1.0 - decay, name="decay")
        if rate.dtype is not variable.dtype.base_dtype:
            rate = cast(rate, variable.dtype.base_dtype)
        if zero_debias:
            return _debiased(variable, value, rate)
        return variable_functions.assign_sub(variable, (variable - value) * rate, name=scope)


def _debiased(variable: Any, value: Any, rate: Any) -> Any:
    with variable_scope(variable.op.name, values=[variable, value, rate]):
        with scopes.colocate_with(variable):
            zeros = initializers.Zeros()
            shape, dtype = variable.get_shape(), variable.dtype
            biased = get_variable(_free_name("biased"), shape, dtype, zeros, trainable=False)
            steps = get_variable(_free_name("local_step"), [], dtype, zeros, trainable=False)
        updated = variable_functions.assign_sub(biased, (biased - value) * rate)
        counted = steps.assign_add(1)
        weight = 1 - power(1.0 - rate, counted)
        scope = scopes.get_default_graph().get_name_scope()
        return variable_functions.assign(variable, updated / weight, name=f"{scope}/")


def _free_name(name: str) -> str:
    """`name`, with a number where this variable scope has it already."""
    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {v.op.name for v in scope.global_variables()}
    full = f"{scope.name}/{name}"
    if full not in taken:
        return name
    index = 1
    while f"{full}_{index}" in taken:
        index += 1
    return f"{name}_{index}"


_truediv = truediv  # `weighted_moving_average` has an argument of that name


def weighted_moving_average(
    value: Any,
    decay: Any,
    weight: Any,
    truediv: bool = True,
    collections: Any = None,
    name: str | None = None,
) -> Any:
    """The moving average of `value * weight` over that of `weight`."""
    collections = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    with variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        product, total = (
            get_variable(
                own_name, shape=like.get_shape(), dtype=like.dtype, initializer=initializers.Zeros(),
                trainable=False, collections=collections,
            )
            for own_name, like in (("value_x_weight", value), ("weight", weight))
        )  # fmt: skip
        numerator = assign_moving_average(product, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(total, weight, decay, zero_debias=False)
        return (_truediv if truediv else divide)(numerator, denominator, name=scope.name)


@export("train.ExponentialMovingAverage")
class ExponentialMovingAverage:
    """Keeps moving averages of variables in shadow variables `<variable>/<name>`.

    Args:
        decay: close to 1.
        num_updates: a count of updates; the decay is then at most (1 + n) / (10 + n).
        zero_debias: correct averages of tensors (not variables) for their start at zero.
        name: of the shadow variables.
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Any = None) -> Operation:
        """An op that updates the averages of the variables or tensors; makes them at first.

        Args:
            var_list: by default all trainable variables.

        Raises:
            TypeError: one is not floating.
        """
        if var_list is None:
            var_list = variable_functions.trainable_variables()
        debiased = set()
        for var in var_list:
            if var.dtype.base_dtype not in FLOATS:
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
            if var not in self._averages:
                self._averages[var] = average = self._shadow(var)
                if self._zero_debias and not isinstance(var, Variable):
                    debiased.add(average)
        with scopes.name_scope(self._name) as scope:
            decay = convert.to_tensor(self._decay, float32, name="decay")
            if self._num_updates is not None:
                count = cast(self._num_updates, float32, name="num_updates")
                decay = Minimum(decay, (1.0 + count) / (10.0 + count))
            updates = []
            for var in var_list:
                average = self._averages[var]
                updates.append(assign_moving_average(average, var, decay, average in debiased))
            return group(*updates, name=scope)

    def _shadow(self, var: Any) -> Any:
        with init_scope():
            if isinstance(var, Variable):
                with scopes.device(var.device):
                    start = var.initialized_value()
                made = slot_creator.create_slot(var, start, self._name)
                scopes.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                return made
            of_variable = var.op.type in ("Variable", "VariableV2", "VarHandleOp")
            return slot_creator.create_zeros_slot(
                var, self._name, colocate_with_primary=of_variable
            )

    def average(self, var: Any) -> Any:
        """The shadow variable of a variable, or None."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name of the shadow variable, also before `apply`."""
        if var in self._averages:
            name: str = self._averages[var].op.name
            return name
        name = f"{var.op.name}/{self._name}"
        return scopes.get_default_graph().unique_name(name, mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Names to variables for a `Saver` that loads the averages in place of the values."""
        if moving_avg_variables is None:
            moving_avg_variables = variable_functions.trainable_variables()
            moving_avg_variables += variable_functions.moving_average_variables()
        averaged = dict.fromkeys(moving_avg_variables)
        found = {self.average_name(v): v for v in averaged}
        for variable in dict.fromkeys(variable_functions.global_variables()):
            if variable not in averaged and variable.op.name not in found:
                found[variable.op.name] = variable
        return found
