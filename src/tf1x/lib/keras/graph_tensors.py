"""Keras's symbolic tensors and variables where a program uses them as graph tensors.

`sess.run(model.output, {model.input: x})`, `tf.gradients(loss, model.input)`, `K.function`: for a
KerasTensor stands a graph tensor, its twin. That of a `keras.Input` is a placeholder, that of a
layer's output the layer called on the twins of its inputs.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor
from tf1x.lib.keras.bridge import map_leaves
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.session import as_tensor, linked
from tf1x.ops import array
from tf1x.runtime import feeds, fetches

# For each graph the twins by the identity of the KerasTensor, which is kept alive with them.
_twins: WeakKeyDictionary[Graph, dict[int, tuple[Any, Tensor]]] = WeakKeyDictionary()


def install() -> None:
    """Let graphs, sessions and Keras's classes know each other's tensors."""
    keras = genuine()
    symbolic, variable = keras.KerasTensor, keras.Variable
    convert.register_tensor_conversion_function(symbolic, _converted, 90)
    convert.register_tensor_conversion_function(variable, as_tensor, 90)
    fetches.register_fetch_conversion(symbolic, lambda t: [twin(t)], lambda _, values: values[0])
    feeds.register_feed_conversion(symbolic, lambda t: [twin(t)], lambda _, value: [value])
    fetches.register_fetch_conversion(
        variable, lambda v: [linked(v)._variable], lambda _, values: values[0]
    )
    for name in ("Loss", "Metric"):
        _on_graph_tensors(getattr(genuine("losses" if name == "Loss" else "metrics"), name))
    for kind in _subclasses(genuine("regularizers").Regularizer):
        _on_graph_tensors(kind)
    for kind in _subclasses(genuine("initializers").Initializer):
        _initializing(kind)
    symbolic.get_shape = lambda self: scopes_shape(self.shape)
    variable.eval = lambda self, session=None: self.numpy()
    variable._tf1x_variable = linked
    _losses(keras.Layer)


def scopes_shape(dims: Any) -> Any:
    """A shape as TensorFlow has it."""
    from tf1x.core.shapes import TensorShape

    return TensorShape(dims)


def _subclasses(kind: type) -> list[type]:
    return [kind, *(c for sub in kind.__subclasses__() for c in _subclasses(sub))]


def _on_graph_tensors(kind: Any) -> None:
    """Let objects of a class be called on graph tensors (each call makes an op)."""
    import functools

    if "__call__" not in vars(kind):
        return
    original = kind.__call__

    @functools.wraps(original)
    def extended_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        from tf1x.lib.keras.bridge import holds_tensor
        from tf1x.lib.keras.graph_calls import call_function

        if holds_tensor(args) or holds_tensor(kwargs):
            function = functools.partial(original, self)
            function.__name__ = type(self).__name__  # type: ignore[attr-defined]
            return call_function(function, args, kwargs)
        return original(self, *args, **kwargs)

    kind.__call__ = extended_call


def _initializing(kind: Any) -> None:
    """Let initializers of a class serve `tf.get_variable`, which passes a `tf.DType`."""
    import functools

    if "__call__" not in vars(kind):
        return
    original = kind.__call__

    @functools.wraps(original)
    def extended_call(self: Any, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if hasattr(dtype, "as_numpy_dtype") or "partition_info" in kwargs:
            from tf1x.lib.keras.twin_initializers import of_keras

            return of_keras(self)(shape, dtype=dtype)
        return original(self, shape, dtype=dtype, **kwargs)

    kind.__call__ = extended_call


def _losses(layer: Any) -> None:
    """`model.losses` of a model that was called on graph tensors: tensors of the session's weights."""
    own = layer.losses.fget

    def losses(self: Any) -> Any:
        from tf1x.lib.keras import bridge

        if not getattr(self, "_tf1x_on_graph", False) or bridge.current() is not None:
            return own(self)
        return [
            v.regularizer(as_tensor(v))
            for v in self.trainable_variables
            if v.regularizer is not None
        ]

    layer.losses = property(losses)


def _converted(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    tensor = twin(value)
    if dtype is not None and not dtype.is_compatible_with(tensor.dtype):
        return NotImplemented
    return tensor


def twin(tensor: Any) -> Tensor:
    """The tensor of the default graph that stands for a KerasTensor."""
    graph = scopes.get_default_graph().outermost
    known = _twins.setdefault(graph, {})
    if id(tensor) not in known:
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(None):
            _make(tensor, known)
    return known[id(tensor)][1]


def _make(tensor: Any, known: dict[int, tuple[Any, Tensor]]) -> None:
    operation, node_index, _ = tensor._keras_history
    node = operation._inbound_nodes[node_index]
    if node.is_input:
        shape = list(tensor.shape)
        known[id(tensor)] = (
            tensor,
            array.placeholder(as_dtype(tensor.dtype), shape, operation.name),
        )
        return
    symbolic = type(tensor)
    given = node.arguments

    def of(item: Any) -> Any:
        return twin(item) if isinstance(item, symbolic) else item

    args, kwargs = map_leaves(of, given.args), map_leaves(of, given.kwargs)
    if hasattr(operation, "_call_signature"):
        result = operation(
            *args, **{k: v for k, v in kwargs.items() if k not in ("mask", "training")}
        )
    else:
        from tf1x.lib.keras.graph_calls import call_function

        result = call_function(operation, args, kwargs)
    found: list[Any] = []
    map_leaves(found.append, result)
    for output, made in zip(node.output_tensors, found, strict=True):
        known[id(output)] = (output, made)
