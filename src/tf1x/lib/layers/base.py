"""`tf.layers.Layer`, which layers and recurrent cells inherit from.

A layer makes its variables with `tf.get_variable` in a variable scope of its own: the one of the
constructor's `_scope`, else one that its name (made unique) opens at the first call. Calls after the
first reuse the variables.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tf1x.core import convert, deferred, nest, scopes
from tf1x.core.dtypes import as_dtype, float32
from tf1x.core.operation import Operation
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers.bookkeeping import (
    collect,
    depends,
    distinct,
    has_tensor,
    identities,
    snake_case,
    unique_name,
)
from tf1x.lib.layers.input_spec import InputSpec, check_inputs
from tf1x.lib.layers.utils import as_initializer
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.variable_scope import VariableScope, get_variable, variable_scope
from tf1x.lib.variables import VariableAggregation, VariableSynchronization
from tf1x.ops import array
from tf1x.ops import math as math_ops

__all__ = ["InputSpec", "Layer"]

# What Keras layers take besides; without a Keras model it says nothing.
_KERAS_OPTIONS = (
    "input_dim", "input_shape", "batch_input_shape", "batch_size", "weights", "autocast",
    "implementation", "dynamic",
)  # fmt: skip

# What a deep copy shares with the original.
_SHARED = ("_scope", "_current_scope", "_losses", "_updates", "_nodes", "_named_weights")


class _Calls(threading.local):
    """The `training` arguments and the inputs of the layers that are being called, innermost last."""

    def __init__(self) -> None:
        self.training: list[Any] = []
        self.inputs: list[Any] = []


_calls = _Calls()


class Layer:
    """Base of layers: its variables, its updates and losses, and calling it.

    A subclass creates variables in `build(input_shape)` with `add_weight`, ends it with
    `super().build(input_shape)` or `self.built = True`, and computes in `call(inputs)`.

    Args:
        trainable: whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        name: the layer's name; by default the class name in snake case, made unique.
        dtype: of the variables; by default that of the first input.
        activity_regularizer: a function of the output that gives a loss, divided by the batch size.

    Raises:
        TypeError: another argument.

    Example:
        >>> class Scale(tf.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight("scale", [input_shape[-1].value])
        ...         super().build(input_shape)
        ...     def call(self, inputs):
        ...         return inputs * self.scale
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._activity_regularizer = kwargs.pop("activity_regularizer", None)
        for option in kwargs:
            if option not in _KERAS_OPTIONS:
                raise TypeError("Keyword argument not understood:", option)
        self._trainable = trainable
        self._dtype: str | None = None if dtype is None else as_dtype(dtype).name
        self._use_resource_variables = False
        self.built = False
        self.stateful = False
        self.supports_masking = False
        self._input_spec: Any = None
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._updates: list[tuple[Any, Any]] = []
        self._losses: list[tuple[Any, Any]] = []
        self._nodes: list[tuple[Any, Any]] = []
        self._named_weights: dict[str, Any] = {}  # by the names given to `add_weight`
        self._graph: Any = None
        self._current_scope: VariableScope | None = None
        self._scope: VariableScope | None = None
        self._init_set_name(name)
        if scope:
            with variable_scope(scope) as captured:
                self._scope = captured

    # -- names and scopes ----------------------------------------------------------------------

    def _init_set_name(self, name: Any) -> None:
        class_name = snake_case(type(self).__name__)
        given = name.name if isinstance(name, VariableScope) else name
        self._base_name: str = given or class_name
        self._name: str = name if isinstance(name, str) and name else unique_name(class_name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def scope_name(self) -> str:
        """The name of the layer's variable scope.

        Raises:
            ValueError: the layer has not been called.
        """
        if not self._scope:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used '
                "yet. The scope name  is determined the first time the layer instance is called. You must "
                "therefore call the layer before querying `scope_name`."
            )
        return self._scope.name

    @property
    def graph(self) -> Any:
        """The graph of the first call, or None."""
        return self._graph

    def _name_scope(self) -> str:
        """The name scope that the layer's ops go to, also where its variables are shared."""
        assert self._current_scope is not None
        return self._current_scope.original_name_scope

    def _set_scope(self, scope: Any = None) -> None:
        """Choose the variable scope at the first call."""
        if self._scope is not None:
            return
        if self._reuse:
            chosen = variable_scope(self._base_name if scope is None else scope)
        else:
            chosen = variable_scope(scope, default_name=self._base_name)
        with chosen as captured:
            self._scope = captured

    # -- properties ----------------------------------------------------------------------------

    @property
    def dtype(self) -> str | None:
        """Name of the variables' type; None until it is known."""
        return self._dtype

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value

    @property
    def activity_regularizer(self) -> Any:
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self._activity_regularizer = regularizer

    @property
    def input_spec(self) -> Any:
        """An `InputSpec`, or a nest of them, that the inputs are checked with."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for item in nest.flatten(value):
            if item is not None and "InputSpec" not in type(item).__name__:
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {item}")
        self._input_spec = value

    @property
    def trainable_weights(self) -> list[Any]:
        return distinct(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        if self.trainable:
            return distinct(self._non_trainable_weights)
        return distinct(self._trainable_weights + self._non_trainable_weights)

    @property
    def weights(self) -> list[Any]:
        return distinct(self.trainable_weights + self.non_trainable_weights)

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    def count_params(self) -> int:
        """The number of scalars in the variables.

        Raises:
            ValueError: the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. "
                f"You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(math.prod(weight.shape.as_list()) for weight in self.weights)

    # -- variables -----------------------------------------------------------------------------

    def add_weight(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        partitioner: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Create a variable in the layer's scope, or get it where the layer reuses.

        Args:
            name: its name below the layer's scope.
            dtype: by default the layer's, else float32.
            initializer: a function, or the name of one; that of the scope by default.
            regularizer: a function of the variable whose value joins `losses` and
                `GraphKeys.REGULARIZATION_LOSSES`, only if the variable is new.
            trainable: by default True, unless `synchronization` is ON_READ.
            shape, constraint, use_resource, partitioner: as those of `tf.get_variable`.

        Raises:
            ValueError: `trainable` with `synchronization` ON_READ; what `tf.get_variable` raises.
        """
        for option in kwargs:
            if option not in ("experimental_autocast", "autocast"):
                raise TypeError("Unknown keyword argument:", option)
        on_read = synchronization is VariableSynchronization.ON_READ
        if on_read and trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                "non-trainable variables. You have specified trainable=True and "
                "synchronization=VariableSynchronization.ON_READ."
            )
        trainable = (not on_read if trainable is None else bool(trainable)) and self.trainable
        dtype = as_dtype(dtype or self.dtype or float32).base_dtype
        if self._dtype is None:
            self._dtype = dtype.name
        self._set_scope()
        existing = identities(GraphKeys.GLOBAL_VARIABLES) if regularizer else set()
        with (
            variable_scope(
                self._scope, reuse=self.built or self._reuse, auxiliary_name_scope=False
            ) as scope,
            self._entered(scope),
        ):
            variable = get_variable(
                name=name,
                shape=() if shape is None else shape,
                dtype=dtype,
                initializer=as_initializer(initializer),
                trainable=trainable,
                constraint=constraint,
                partitioner=partitioner,
                use_resource=use_resource or self._use_resource_variables or scope.use_resource,
                synchronization=synchronization,
                aggregation=aggregation,
            )
            parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
            if regularizer and id(parts[0]) not in existing:
                for part in parts:
                    self.add_loss(functools.partial(_regularization, name, regularizer, part))
        self._named_weights[name] = variable
        for part in parts:
            # A custom getter may have made it not trainable all the same, or given a tensor.
            if trainable and getattr(part, "trainable", False):
                self._trainable_weights.append(part)
            else:
                self._non_trainable_weights.append(part)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The old name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    @contextmanager
    def _entered(self, scope: VariableScope) -> Iterator[None]:
        self._current_scope = scope
        with scopes.name_scope(self._name_scope()):
            yield

    # -- updates and losses --------------------------------------------------------------------

    @property
    def updates(self) -> list[Any]:
        """Ops that the program is to run with each training step; none of a frozen layer."""
        if not self.trainable and not self.stateful:
            return []
        return [update for update, _ in self._updates]

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Keep update ops: an op, tensor or function, or a list of them."""
        called_with = _calls.inputs[-1] if _calls.inputs else [node[0] for node in self._nodes]
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            if update is None:
                continue
            while callable(update):
                update = update()
            if scopes.get_default_graph().outermost.is_eager:
                continue  # it has run
            if not isinstance(update, Operation):
                update = update.op if hasattr(update, "op") else convert.to_tensor(update)
            self._updates.append((update, called_with))

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The updates that depend on `inputs`; for None those that depend on no input of a call."""
        if not self.updates:
            return []
        if inputs is None:
            return [update for update, given in self._updates if not depends(update, given)]
        return [
            update
            for update, given in self._updates
            if depends(update, given) and depends(update, inputs)
        ]

    @property
    def losses(self) -> list[Any]:
        """The losses; those of functions are built anew."""
        built = [loss() if callable(loss) else loss for loss, _ in self._losses]
        return [loss for loss in built if loss is not None]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Keep loss tensors, or functions that give them; they join REGULARIZATION_LOSSES.

        Args:
            inputs: what the losses depend on; None if they hold for every call.
        """
        tensors = []
        for loss in nest.flatten(losses):
            if loss is None:
                continue
            if not callable(loss):
                loss = convert.to_tensor(loss)
            self._losses.append((loss, inputs))
            tensors.append(loss() if callable(loss) else loss)
        collect([t for t in tensors if t is not None], GraphKeys.REGULARIZATION_LOSSES)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The losses that depend on `inputs`; for None those that hold for every call."""
        found = []
        for loss, given in self._losses:
            if (given is None) == (inputs is None):
                tensor = loss() if callable(loss) else loss
                if tensor is not None and (inputs is None or depends(tensor, inputs)):
                    found.append(tensor)
        return found

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if not self._activity_regularizer:
            return
        with scopes.name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = convert.to_tensor(self._activity_regularizer(output))
                batch = math_ops.cast(array.shape(output)[0], loss.dtype)
                self.add_loss(loss / batch, inputs=inputs)

    # -- calling -------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the variables; called once, with the shape (or nest of shapes) of the inputs."""
        self.built = True

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Compute the outputs; subclasses say how."""
        return inputs

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the outputs for inputs of a shape.

        Raises:
            NotImplementedError: the subclass does not say.
        """
        raise NotImplementedError(f"{type(self).__name__} must define compute_output_shape")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Build the layer at the first call, and compute its outputs.

        Args:
            inputs: a tensor, or a nest of them; NumPy arrays and numbers are converted.
            scope: where the layer has no variable scope yet, the one to use, or its name.
            args, kwargs: passed to `call`. `training` is also passed to layers called inside.

        Raises:
            ValueError: `call` returned None; the inputs do not satisfy `input_spec`.
            RuntimeError: the subclass's constructor did not call `super().__init__()`.
        """
        if "_base_name" not in self.__dict__:
            raise RuntimeError("You must call `super().__init__()` in the layer constructor.")
        self._set_scope(kwargs.pop("scope", None))
        reuse = True if self.built else self._reuse
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            outputs = self._call_in(scope, inputs, args, kwargs)
        collect(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    def _call_in(
        self, scope: VariableScope, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        parameters = _parameters(type(self).call)
        if "scope" in parameters:
            kwargs["scope"] = scope
        if any(isinstance(x, (np.ndarray, float, int)) for x in nest.flatten(inputs)):
            inputs = nest.map_structure(_converted, inputs)
        training = self._training(parameters, args, kwargs)
        check_inputs(self.input_spec, inputs, self.name)
        with self._entered(scope):
            if not self.built:
                self._build_for(inputs)
            _calls.training.append(training)
            _calls.inputs.append(inputs)
            try:
                outputs = self.call(inputs, *args, **kwargs)
            finally:
                _calls.training.pop()
                _calls.inputs.pop()
            if outputs is None:
                raise ValueError(
                    "A layer's `call` method should return a Tensor or a list of Tensors, not None "
                    f"(layer: {self.name})."
                )
            self._regularize_activity(inputs, outputs)
        if not scopes.get_default_graph().outermost.is_eager:  # there it would keep every batch
            self._nodes.append((inputs, outputs))
        self._graph = self._graph or scopes.get_default_graph()
        return outputs

    def _training(
        self, parameters: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The `training` of this call: the argument, else that of the layer which calls this one."""
        expected = "training" in parameters or "**" in parameters
        position = parameters.index("training") - 2 if "training" in parameters else None
        if position is not None and position < len(args):
            return args[position]
        training = kwargs.get("training")
        if "training" in kwargs and not expected:
            del kwargs["training"]
        if training is None and _calls.training:
            training = _calls.training[-1]
            if expected and training is not None:
                kwargs["training"] = training
        return training

    def _build_for(self, inputs: Any) -> None:
        flat = nest.flatten(inputs)
        if self._dtype is None and flat and hasattr(flat[0], "dtype"):
            self._dtype = flat[0].dtype.base_dtype.name
        shapes = None
        if any(hasattr(x, "shape") for x in flat):
            shapes = nest.map_structure(lambda x: getattr(x, "shape", None), inputs)
        self.build(shapes)
        self.built = True
        deferred.objects_changed()

    # -- what it was called with ---------------------------------------------------------------

    def _only(self, what: str, position: int) -> Any:
        if not self._nodes:
            raise AttributeError(f"Layer {self.name} is not connected, no {what} to return.")
        if len(self._nodes) > 1:
            raise AttributeError(
                f'Layer {self.name} has multiple inbound nodes, hence the notion of "layer {what}" is '
                f"ill-defined. Use `get_{what}_at(node_index)` instead."
            )
        return self._nodes[0][position]

    @property
    def input(self) -> Any:
        """The input of the only call.

        Raises:
            AttributeError: no call, or several.
        """
        return self._only("input", 0)

    @property
    def output(self) -> Any:
        """The output of the only call.

        Raises:
            AttributeError: no call, or several.
        """
        return self._only("output", 1)

    @property
    def input_shape(self) -> Any:
        return nest.map_structure(_dims, self.input)

    @property
    def output_shape(self) -> Any:
        return nest.map_structure(_dims, self.output)

    def get_input_at(self, node_index: int) -> Any:
        """The input of the call of this number."""
        return self._nodes[node_index][0]

    def get_output_at(self, node_index: int) -> Any:
        """The output of the call of this number."""
        return self._nodes[node_index][1]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A layer that shares the tensors and variables of this one but is otherwise its own."""
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        for key, value in self.__dict__.items():
            if key == "_graph":
                kept = value
            elif key in _SHARED or has_tensor(value):
                kept = copy.copy(value) if isinstance(value, (list, dict, VariableScope)) else value
            else:
                kept = copy.deepcopy(value, memo)
            object.__setattr__(result, key, kept)
        return result


def _regularization(name: str, regularizer: Callable[..., Any], variable: Any) -> Any:
    with scopes.name_scope(f"{name}/Regularizer"):
        return regularizer(variable)


@functools.cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    """Names of a function's parameters, `**` among them where it takes any."""
    parameters = inspect.signature(function).parameters.values()
    return ["**" if p.kind is p.VAR_KEYWORD else p.name for p in parameters]


def _converted(value: Any) -> Any:
    number = isinstance(value, (np.ndarray, float, int))
    return convert.to_tensor(value) if number else value


def _dims(tensor: Any) -> tuple[int | None, ...] | None:
    dims: tuple[int | None, ...] | None = TensorShape(tensor.shape).tuple
    return dims
