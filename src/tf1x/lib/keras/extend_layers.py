"""Keras's `Layer` with what the layers of Keras 1 and 2 had."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tf1x.core import convert
from tf1x.core.errors import UnsupportedError
from tf1x.core.shapes import Dimension, TensorShape
from tf1x.lib.keras.bridge import current, holds_tensor, is_graph_value, map_leaves, on_graph
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.extend_eager import for_program

# Arguments of the time that change nothing here.
_IGNORED = (
    "dynamic",
    "batch_size",
    "input_dtype",
    "input_length",
    "implementation",
    "consume_less",
)


class Dim(int):
    """A dimension: an int that also has TensorFlow's `.value`."""

    @property
    def value(self) -> int:
        return int(self)


class Shape(tuple):
    """A shape as the program's `build` gets it: Keras's tuple with TensorFlow's methods."""

    def as_list(self) -> list[int | None]:
        return [None if d is None else int(d) for d in self]

    @property
    def ndims(self) -> int:
        return len(self)

    rank = ndims


def shape_for_program(shape: Any) -> Any:
    """Shapes (in any nest) as programs of the time expect them."""
    if isinstance(shape, dict):
        return {k: shape_for_program(v) for k, v in shape.items()}
    if isinstance(shape, list) or (
        isinstance(shape, tuple) and any(isinstance(d, (list, tuple)) for d in shape)
    ):
        return [shape_for_program(s) for s in shape]
    if isinstance(shape, tuple):
        return Shape(None if d is None else Dim(d) for d in shape)
    return shape


def plain_shape(shape: Any) -> Any:
    """A shape given as a TensorShape, a list or with Dimensions, as a tuple of ints."""
    if isinstance(shape, TensorShape):
        return tuple(shape.as_list())
    if isinstance(shape, Dimension):
        return (shape.value,)
    if isinstance(shape, (list, tuple)):
        return tuple(plain_size(d) for d in shape)
    return shape


def plain_size(size: Any) -> Any:
    return size.value if isinstance(size, Dimension) else None if size is None else int(size)


def install() -> None:
    """Extend the class."""
    layer = genuine("layers").Layer
    for name, extended in {
        "__init__": _init(layer.__init__),
        "__call__": _call(layer.__call__),
        "add_weight": _add_weight(layer.add_weight),
        "add_loss": _add_loss(layer.add_loss),
    }.items():
        setattr(layer, name, extended)
    layer.__init_subclass__ = classmethod(_init_subclass(layer.__init_subclass__))
    layer.input_shape = _Described(_input_shape)
    layer.output_shape = _Described(_output_shape)
    layer.inbound_nodes = layer._tf1x_inbound = _Described(lambda self: self._inbound_nodes)
    layer.outbound_nodes = _Described(lambda self: self._outbound_nodes)
    layer.updates = _Described(lambda self: list(self.__dict__.get("_tf1x_updates", ())))
    layer.stateful = _Described(lambda self: False)
    for name in ("input", "output", "mask"):
        setattr(layer, f"get_{name}_at", _at(name))
    layer.get_input_shape_at = lambda self, index: _shapes(self.get_input_at(index))
    layer.get_output_shape_at = lambda self, index: _shapes(self.get_output_at(index))
    layer.add_update = _add_update
    layer.get_updates_for = lambda self, inputs: self.updates
    layer.get_losses_for = lambda self, inputs: self.losses
    layer.apply = lambda self, inputs, *args, **kwargs: self(inputs, *args, **kwargs)


class _Described:
    """A property that a program may set on an instance all the same."""

    def __init__(self, get: Any) -> None:
        self._get = get

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else self._get(instance)


def _shapes(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        shapes = [tuple(v.shape) for v in value]
        return shapes if len(shapes) > 1 else shapes[0]
    return tuple(value.shape)


def _input_shape(self: Any) -> Any:
    if not self._inbound_nodes and not hasattr(self, "_nested_outputs"):
        # An AttributeError is also what Keras expects of a first layer without a shape.
        raise AttributeError(f"The layer {self.name!r} has never been called: no input_shape yet.")
    given = self.input
    return _shapes(self.output if isinstance(given, list) and not given else given)


def _output_shape(self: Any) -> Any:
    if self._inbound_nodes or getattr(self, "_functional", None) is not None:
        return _shapes(self.output)
    if hasattr(self, "_nested_outputs"):
        return _shapes(self.outputs)
    raise AttributeError(f"The layer {self.name!r} has never been called: no output_shape yet.")


def _at(name: str) -> Any:
    def get(self: Any, node_index: int) -> Any:
        node = self._inbound_nodes[node_index]
        tensors = node.input_tensors if name == "input" else node.output_tensors
        if name == "mask":
            tensors = [getattr(t, "_keras_mask", None) for t in tensors]
        return tensors[0] if len(tensors) == 1 else list(tensors)

    return get


# -- making ------------------------------------------------------------------------------------


def _init(original: Any) -> Any:
    @functools.wraps(original)
    def extended_init(self: Any, **kwargs: Any) -> None:
        weights = kwargs.pop("weights", None)
        for name in _IGNORED:
            kwargs.pop(name, None)
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        batch_shape = kwargs.pop("batch_input_shape", None)
        if is_graph_value(kwargs.get("dtype")) or hasattr(kwargs.get("dtype"), "as_numpy_dtype"):
            kwargs["dtype"] = kwargs["dtype"].base_dtype.name
        if kwargs.get("name"):
            kwargs["name"] = kwargs["name"].replace("/", "_")
        original(self, **kwargs)
        if shape is not None:
            sizes = (shape,) if isinstance(shape, int) else shape
            self._input_shape_arg = tuple(sizes) if _is_one(sizes) else sizes
        if batch_shape is not None:
            self._tf1x_batch_shape = tuple(batch_shape)
            self._input_shape_arg = tuple(batch_shape)[1:]
        if weights is not None:
            _set_when_built(self, weights)
        if _is_programs(type(self)) or type(self).__name__ == "Lambda":
            self._tf1x_seed = genuine("random").SeedGenerator()

    return extended_init


def _is_one(shape: Any) -> bool:
    return not any(isinstance(d, (list, tuple)) for d in shape)


def _set_when_built(self: Any, weights: Any) -> None:
    """Give the layer the weights of `weights=[...]` as soon as it has variables."""
    build = self.build

    @functools.wraps(build)
    def building(*args: Any, **kwargs: Any) -> None:
        build(*args, **kwargs)
        self.set_weights([w.numpy() if hasattr(w, "numpy") else w for w in weights])

    self.build = building


def _add_weight(original: Any) -> Any:
    @functools.wraps(original)
    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        """`add_weight(name, shape, dtype, initializer, ...)` of Keras 2, or by keywords."""
        order = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
        if args and not isinstance(args[0], str):
            order = ("shape", "initializer", "name") if len(args) > 1 else ("shape",)
        for name, value in zip(order, args, strict=False):
            kwargs.setdefault(name, value)
        for name in (
            "use_resource",
            "getter",
            "partitioner",
            "collections",
            "experimental_autocast",
        ):
            kwargs.pop(name, None)
        for name in ("aggregation", "synchronization"):  # of distributed variables
            if not isinstance(kwargs.get(name), str):
                kwargs.pop(name, None)
        if kwargs.get("shape") is not None:
            kwargs["shape"] = plain_shape(kwargs["shape"])
        if hasattr(kwargs.get("dtype"), "as_numpy_dtype"):
            kwargs["dtype"] = kwargs["dtype"].base_dtype.name
        if kwargs.get("name"):
            kwargs["name"] = kwargs["name"].replace("/", "_")
        return original(self, **kwargs)

    return add_weight


# -- calling -----------------------------------------------------------------------------------


def _is_programs(kind: type) -> bool:
    """Whether a layer's class is the program's own, with a `call` of its own."""
    for ancestor in kind.__mro__:
        if "call" in ancestor.__dict__:
            return not ancestor.__module__.startswith("keras.")
    return False


def _eager(value: Any) -> Any:
    """An array that a program gives a layer in eager execution, as a tensor."""
    return convert.to_tensor(value) if isinstance(value, np.ndarray) else value


def _call(original: Any) -> Any:
    @functools.wraps(original)
    def extended_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if for_program():
            args, kwargs = map_leaves(_eager, args), map_leaves(_eager, kwargs)
        if holds_tensor(args) or holds_tensor(kwargs):
            from tf1x.lib.keras.graph_calls import call_layer

            return call_layer(self, args, kwargs)
        return original(self, *args, **kwargs)

    return extended_call


def _init_subclass(original: Any) -> Any:
    def extended_init_subclass(cls: Any, **kwargs: Any) -> None:
        original(**kwargs)
        if cls.__module__.startswith("keras."):
            return
        if "call" in cls.__dict__:
            cls.call = _programs_call(cls.__dict__["call"])
        if "build" in cls.__dict__ and not getattr(cls.__dict__["build"], "_tf1x", False):
            cls.build = _programs_build(cls.__dict__["build"])
        if "get_output_shape_for" in cls.__dict__:  # Keras 1
            cls.compute_output_shape = cls.__dict__["get_output_shape_for"]

    return extended_init_subclass


def _programs_call(call: Any) -> Any:
    """A `call` that the program wrote: it sees graph tensors."""

    @functools.wraps(call)
    def on_tensors(self: Any, *args: Any, **kwargs: Any) -> Any:
        return on_graph(functools.partial(call, self), args, kwargs, self._tf1x_seed)

    return on_tensors


def _programs_build(build: Any) -> Any:
    @functools.wraps(build)
    def building(self: Any, *args: Any, **kwargs: Any) -> Any:
        return build(
            self,
            *(shape_for_program(a) for a in args),
            **{k: shape_for_program(v) for k, v in kwargs.items()},
        )

    building._tf1x = True  # type: ignore[attr-defined]
    return building


def _add_loss(original: Any) -> Any:
    @functools.wraps(original)
    def add_loss(self: Any, loss: Any, inputs: Any = None) -> Any:
        if current() is None:
            if holds_tensor(loss):
                raise UnsupportedError(
                    "add_loss with a graph tensor on a Keras model: call add_loss in the `call` of "
                    "a layer of your own, or train with a tf.train optimizer in a session."
                )
            return original(self, loss)
        raise UnsupportedError(
            "add_loss with a tensor inside of `call`: give the model a loss that computes it "
            "(compile(loss=...)), or an activity_regularizer."
        )

    return add_loss


def _add_update(self: Any, updates: Any, inputs: Any = None) -> None:
    """Ops that the program is to run with each step of a session (`layer.updates`)."""
    found = list(updates) if isinstance(updates, (list, tuple)) else [updates]
    self.__dict__.setdefault("_tf1x_updates", []).extend(found)
