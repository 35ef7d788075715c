"""Keras layers and functions called on graph tensors: the op `KerasCall`.

The op's lowering calls the layer on what the session has for its inputs: arguments, the variables
that stand for the layer's weights, and a seed where it draws random numbers. Its gradient is JAX's.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import weakref
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import convert, deferred, dtypes, recording, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.keras import bridge
from tf1x.lib.keras.bridge import is_graph_value, map_leaves
from tf1x.lib.keras.engine import genuine


class Target:
    """What a `KerasCall` node calls, known to it by its token; the graph keeps it alive.

    Args:
        function: a Keras layer or function.
        args, kwargs: its arguments, with `Slot`s for the op's inputs.
        variables: Keras variables whose values follow the arguments among the inputs.
        seeds: of these, those that are states of random numbers.
    """

    _numbers = itertools.count()
    _by_token: weakref.WeakValueDictionary[str, Target] = weakref.WeakValueDictionary()

    def __init__(
        self, function: Any, args: Any, kwargs: Any, variables: list[Any], training: int | None
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.variables, self.training = variables, training
        self.updated: list[Any] = []
        self.masks: list[int] = []
        self.token = f"keras_{next(self._numbers)}"
        self._by_token[self.token] = self

    @classmethod
    def of(cls, token: str) -> Target:
        """The target with a token.

        Raises:
            InvalidArgumentError: it belongs to a graph of another process, or to one that is gone.
        """
        found = cls._by_token.get(token)
        if found is None:
            raise InvalidArgumentError(
                None, None, f"{token} is not found: a Keras layer does not travel with a GraphDef"
            )
        return found

    def __call__(self, values: list[Any]) -> list[Any]:
        """Outputs, masks of outputs, and new values of the variables that the call updates."""
        if self.training is None:
            return self._run(values, {})
        phase = values[self.training]
        if not isinstance(phase, jax.core.Tracer):
            return self._run(values, {"training": bool(phase)})
        return list(
            jax.lax.cond(
                phase.astype(bool),
                lambda: self._run(values, {"training": True}),
                lambda: self._run(values, {"training": False}),
            )
        )

    def _run(self, values: list[Any], more: dict[str, Any]) -> list[Any]:
        scope_of = importlib.import_module("keras.src.backend").StatelessScope
        arrays = [_entering(v) for v in values]
        first = len(arrays) - len(self.variables)
        mapping = list(zip(self.variables, arrays[first:], strict=True))
        with scope_of(state_mapping=mapping) as scope:
            args, kwargs = _filled(self.args, arrays), _filled(self.kwargs, arrays)
            result = self.function(*args, **kwargs, **more)
            outputs = _leaves(result)
            masks = [getattr(outputs[i], "_keras_mask", None) for i in self.masks]
            updated = [scope.get_current_value(v) for v in self.updated]
        return [jnp.asarray(v) for v in [*outputs, *masks, *updated]]


class Slot:
    """The place of an input of the op among the arguments; `mask` that of its Keras mask."""

    def __init__(self, index: int, mask: int | None = None) -> None:
        self.index, self.mask = index, mask


def _entering(value: Any) -> Any:
    """A value as Keras takes it: of 32 bits."""
    narrow = {"int64": np.int32, "float64": np.float32, "uint64": np.uint32}.get(str(value.dtype))
    if narrow is None or (narrow is np.float32 and _floatx() == "float64"):
        return value
    return value.astype(narrow)


def _floatx() -> str:
    return str(genuine("backend").floatx())


def _filled(nest: Any, arrays: list[Any]) -> Any:
    def fill(item: Any) -> Any:
        if not isinstance(item, Slot):
            return item
        array = jnp.asarray(arrays[item.index])
        if item.mask is not None:
            with contextlib.suppress(AttributeError):
                array._keras_mask = arrays[item.mask]
        return array

    return map_leaves(fill, nest)


def _leaves(nest: Any) -> list[Any]:
    found: list[Any] = []
    map_leaves(found.append, nest)
    return found


def _stated(op: Any) -> list[Any]:
    return list(op.attrs["output_shapes"])


@op("input: *Tin -> output: *Tout", shape=_stated, needs_jax=True)
def KerasCall(
    input: list[Any], *, token: str, Tout: list[DType], output_shapes: list[TensorShape]
) -> Any:
    """What a Keras layer or function gives for tensors."""
    found = Target.of(token)(input)
    return [x.astype(t.as_numpy_dtype) for x, t in zip(found, Tout, strict=True)]


# -- calling -----------------------------------------------------------------------------------


def call_layer(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`layer(*args, **kwargs)` where there are graph tensors among the arguments."""
    from tf1x.lib.keras.extend_layers import _is_programs

    object.__setattr__(layer, "_tf1x_on_graph", True)
    if _is_programs(type(layer)):
        return _programs_layer(layer, args, kwargs)
    return _Node(layer, args, kwargs).outputs()


def call_function(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """The result of one of Keras's functions on graph tensors."""
    return _Node(function, args, kwargs).outputs()


class _Node:
    """One `KerasCall` as it is built."""

    def __init__(self, function: Any, args: Any, kwargs: Any) -> None:
        self.function = function
        self.is_layer = hasattr(function, "_call_signature")
        self.inputs: list[Tensor] = []
        self.specs: dict[int, Any] = {}
        training = kwargs.pop("training", None) if self._takes_training(kwargs) else None
        self.args, self.kwargs = map_leaves(self._slot, args), map_leaves(self._slot, kwargs)
        self.training = training

    def _takes_training(self, kwargs: Any) -> bool:
        return "training" in kwargs or getattr(self.function, "_call_has_training_arg", False)

    def _slot(self, item: Any) -> Any:
        if not is_graph_value(item):
            return item
        tensor = convert.to_tensor(item)
        mask = getattr(item, "_keras_mask", None)
        slot = Slot(self._add(tensor), None if mask is None else self._add(mask))
        spec = self._spec(tensor)
        if mask is not None:
            spec._keras_mask = self._spec(mask)
        self.specs[slot.index] = spec
        return slot

    def _add(self, tensor: Tensor) -> int:
        self.inputs.append(tensor)
        return len(self.inputs) - 1

    def _spec(self, tensor: Tensor) -> Any:
        dims = tensor.shape.tuple
        if dims is None:
            raise UnsupportedError(
                f"A Keras layer on {tensor.name}, whose rank is not known: call set_shape on it.",
                tensor.op,
            )
        dtype = np.dtype(tensor.dtype.base_dtype.as_numpy_dtype)
        name = {"int64": "int32", "float64": _floatx()}.get(dtype.name, dtype.name)
        return genuine().KerasTensor(dims, dtype=name)

    def outputs(self) -> Any:
        """Add the node; returns what the layer returns, with tensors in place of arrays."""
        if not scopes.executing_eagerly() or bridge.current() is not None:
            return self._node(*self._made())
        key = self._key(self._phase(None))
        made = self._calls().get(key) if key else None
        if made is None:
            made = self._made()
            deferred.objects_changed()
            key = self._key(self._phase(None))  # the layer may have its variables only now
            if key:
                self._calls()[key] = made
        return self._node(*made)

    def _calls(self) -> dict[Any, Any]:
        """The calls made before: of a layer its own, of functions all."""
        calls: dict[Any, Any] = (
            self.function.__dict__.setdefault("_tf1x_calls", {}) if self.is_layer else _calls
        )
        if len(calls) > _MOST_CALLS:
            calls.clear()
        return calls

    def _made(self) -> tuple[Any, ...]:
        """What is called, and the shapes that it gives."""
        spec_args = map_leaves(self._as_spec, self.args)
        spec_kwargs = map_leaves(self._as_spec, self.kwargs)
        inside = bridge.current()
        if self.is_layer:
            result = self.function(*spec_args, **spec_kwargs)  # builds it, too
        else:
            result = self._computed()
        variables = list(self.function.variables) if self.is_layer else []
        phase = self._phase(inside)
        extra: dict[str, Any] = {}
        training = None
        if isinstance(phase, Tensor):
            training = self._add(convert.to_tensor(phase))
        elif phase is not None:
            extra = {"training": bool(phase)}
        target = Target(self.function, self.args, {**self.kwargs, **extra}, variables, training)
        specs = _leaves(result)
        masks = [getattr(s, "_keras_mask", None) for s in specs]
        target.masks = [i for i, m in enumerate(masks) if m is not None]
        if phase is not None or inside is not None:
            target.updated = self._updated(target, spec_args, spec_kwargs, phase, inside)
        scopes.get_default_graph().outermost.python_functions.append(target)
        return target, result, specs, [m for m in masks if m is not None], inside

    def _computed(self) -> Any:
        """The specs of a function's results."""
        compute = importlib.import_module("keras.src.backend").compute_output_spec

        def on(*arrays: Any) -> Any:
            given = dict(zip(self.specs, arrays, strict=True))

            def fill(item: Any) -> Any:
                return given[item.index] if isinstance(item, Slot) else item

            return self.function(*map_leaves(fill, self.args), **map_leaves(fill, self.kwargs))

        return compute(on, *self.specs.values())

    def _as_spec(self, item: Any) -> Any:
        return self.specs[item.index] if isinstance(item, Slot) else item

    def _phase(self, inside: Any) -> Any:
        """Whether the layer trains: a bool, a tensor, or None where that makes no difference."""
        layer = self.function
        if not (self.is_layer and layer._call_has_training_arg and layer.non_trainable_variables):
            return None  # it draws no random numbers and keeps no statistics
        if self.training is not None:
            return self.training
        if inside is not None:
            context = layer._get_call_context()
            return bool(context.get_value("training", False)) if context else False
        from tf1x.lib.keras.session import learning_phase

        return learning_phase()

    def _key(self, phase: Any) -> Any:
        """What calls have in common that can share one target; None where they cannot be compared."""
        function = self.function
        called: Any = function
        if isinstance(function, functools.partial):
            called = (function.func, *map(id, function.args))
        variables = [(id(v), v.trainable) for v in getattr(function, "variables", ())]
        specs = [
            (i, spec.shape, spec.dtype, hasattr(spec, "_keras_mask"))
            for i, spec in self.specs.items()
        ]
        try:
            key = (
                id(called) if self.is_layer else called, tuple(variables), tuple(specs),
                phase if isinstance(phase, bool) else None, _compared(self.args),
                _compared(self.kwargs),
            )  # fmt: skip
            hash(key)
        except TypeError:
            return None
        return key

    def _updated(
        self, target: Target, args: Any, kwargs: Any, phase: Any, inside: Any
    ) -> list[Any]:
        """The variables that the call assigns to, found by a call on shapes alone."""
        candidates = list(self.function.non_trainable_variables) if self.is_layer else []
        if not candidates or phase is False:
            return []
        backend = importlib.import_module("keras.src.backend")
        updated: list[Any] = []

        def watched(*args: Any, **kwargs: Any) -> Any:
            with backend.StatelessScope() as scope:
                result = self.function.call(*args, **kwargs)
                updated.extend(v for v in candidates if scope.get_current_value(v) is not None)
            return result

        backend.compute_output_spec(watched, *args, **kwargs, training=True)
        found = list({id(v): v for v in updated}.values())
        return found if inside is not None else [v for v in found if not _is_seed(v)]

    def _node(
        self, target: Target, result: Any, specs: list[Any], masks: list[Any], inside: Any
    ) -> Any:
        from tf1x.lib.keras.session import linked

        values = [
            _seed() if inside is None and _is_seed(v)
            else inside.variable(v) if inside is not None
            else linked(v).value()
            for v in target.variables
        ]  # fmt: skip
        every = [*specs, *masks, *target.updated]
        name = getattr(self.function, "name", None) or self.function.__name__
        types = [as_dtype(s.dtype) for s in every]
        found = KerasCall(
            [*self.inputs, *values],
            token=target.token,
            Tout=types,
            output_shapes=[TensorShape.of(tuple(s.shape)) for s in every],
            name=name,
        )
        graph = scopes.graph_of(found)
        if not graph.is_eager:
            graph.python_functions.append(target)
        tensors, rest = found[: len(specs)], found[len(specs) :]
        for position, mask in zip(target.masks, rest, strict=False):
            tensors[position]._keras_mask = mask
        self._update(target, rest[len(masks) :], inside)
        given = iter(tensors)
        return map_leaves(lambda _: next(given), result)

    def _update(self, target: Target, values: list[Tensor], inside: Any) -> None:
        from tf1x.lib.keras.session import linked

        if inside is not None:
            inside.updates += list(zip(target.updated, values, strict=True))
            return
        for variable, value in zip(target.updated, values, strict=True):
            if scopes.executing_eagerly():
                with recording.paused():
                    linked(variable).assign(value)
                continue
            self.function.add_update(linked(variable).assign(value).op)


# Calls of Keras's functions in eager execution: a call like an earlier one is neither traced nor
# compiled again.
_calls: dict[Any, tuple[Any, ...]] = {}
_MOST_CALLS = 512


def _compared(nest: Any) -> Any:
    """A nest of arguments as something that is equal for equal ones."""
    if isinstance(nest, (list, tuple)):
        return (type(nest), *map(_compared, nest))
    if isinstance(nest, dict):
        return tuple((key, _compared(value)) for key, value in nest.items())
    return ("slot", nest.index, nest.mask) if isinstance(nest, Slot) else (type(nest), nest)


def _is_seed(variable: Any) -> bool:
    return "seed_generator_state" in variable.path


def _seed() -> Tensor:
    """A fresh state of random numbers with every run, after `tf.set_random_seed`."""
    from tf1x.ops.array_guards import Bitcast
    from tf1x.ops.random import random_uniform

    drawn = random_uniform([2], 0, 2**31 - 1, dtype=dtypes.int32, name="keras_seed")
    return Bitcast(drawn, type=dtypes.uint32)


def _programs_layer(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A layer of the program's own: its `call` builds ops like any function of the program."""
    if not layer.built:
        default = getattr(layer.build, "__wrapped__", layer.build)
        if getattr(default, "_is_default", False):
            layer.built = True
        else:
            shapes = map_leaves(lambda t: tuple(t.shape.as_list()), args[0])
            layer.build(shapes)
    if layer._call_has_training_arg and kwargs.get("training") is None:
        inside = bridge.current()
        if inside is None:
            from tf1x.lib.keras.session import learning_phase

            kwargs["training"] = learning_phase()
        else:
            context = layer._get_call_context()
            kwargs["training"] = context.get_value("training", False) if context else False
    return layer.call(*args, **kwargs)
