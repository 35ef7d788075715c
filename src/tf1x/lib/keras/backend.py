"""`keras.backend`, written over `tf`: functions of graph tensors, as they were on TensorFlow.

Given a symbolic tensor of Keras (between layers of a functional model) a function becomes an
operation of the model; given what Keras has while it trains, it is computed on that (bridge.py).
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x import api
from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras import session as _sessions
from tf1x.lib.keras.bridge import current, is_graph_value, map_leaves, on_graph
from tf1x.lib.keras.engine import genuine

_keras: Any = genuine("backend")

clear_session = _sessions.clear_session
get_session = _sessions.get_session
set_session = _sessions.set_session
set_learning_phase = _sessions.set_learning_phase

epsilon, set_epsilon = _keras.epsilon, _keras.set_epsilon
floatx, set_floatx = _keras.floatx, _keras.set_floatx
image_data_format = _keras.image_data_format
set_image_data_format = _keras.set_image_data_format
get_uid = _keras.get_uid

_EPSILON = 1e-7


class _Names:
    """`tf` by its public names."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        full = self._prefix + name
        if full in ("nn", "image"):
            value: Any = _Names(f"{full}.")
        else:
            value = api.symbols().get(full)
            value = api.missing(full) if value is None else value
        setattr(self, name, value)
        return value


tf = _Names()


def backend() -> str:
    """The backend as programs of the time ask for it."""
    return "tensorflow"


# -- how functions meet Keras's values -----------------------------------------------------------


def _holds(value: Any, kind: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds(v, kind) for v in value)
    if isinstance(value, dict):
        return any(_holds(v, kind) for v in value.values())
    return isinstance(value, kind)


def _public(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        every = (args, kwargs)
        if _holds(every, genuine().KerasTensor) and current() is None:
            return _operation(function)(*args, **kwargs)
        if _holds(every, jax.core.Tracer):
            return on_graph(function, args, kwargs)
        return function(*args, **kwargs)

    return either


@functools.cache
def _operation_class() -> Any:
    keras = genuine()

    class GraphFunction(keras.Operation):
        """A function of graph tensors between the layers of a model."""

        def __init__(self, function: Any, name: str | None = None) -> None:
            super().__init__(name=name)
            self.function = function

        def call(self, *args: Any, **kwargs: Any) -> Any:
            return on_graph(self.function, args, kwargs)

        def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
            compute = importlib.import_module("keras.src.backend").compute_output_spec
            return compute(self.call, *args, **kwargs)

    return GraphFunction


def _operation(function: Any) -> Any:
    return _operation_class()(function)


# -- the learning phase, variables and values ----------------------------------------------------


def learning_phase() -> Any:
    """Whether the program trains: a tensor that may be fed, or what was set.

    Inside of a layer that Keras runs it is known, and a number.
    """
    if current() is not None:
        context = importlib.import_module("keras.src.backend.common.global_state")
        found = context.get_global_attribute("current_call_ctx")
        return int(bool(found and found.get_value("training", False)))
    return _sessions.learning_phase()


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`x` (or what it returns) while training, else `alt`."""
    phase = learning_phase() if training is None else training
    if not is_graph_value(phase):
        chosen = x if phase else alt
        return chosen() if callable(chosen) else chosen
    return switch(phase, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`alt` while training, else `x`."""
    return in_train_phase(alt, x, training)


def variable(value: Any, dtype: Any = None, name: Any = None, constraint: Any = None) -> Any:
    """A variable with a value: Keras's own, which graphs and layers may use."""
    value = value.value if hasattr(value, "_deferred_initialize") else value
    options = {"name": None if name is None else name.replace("/", "_")}
    return genuine().Variable(np.asarray(value, _name(dtype)), **options)


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype) or floatx())


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """A constant tensor."""
    return tf.constant(value, _name(dtype), shape, name)


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """A tensor that `K.function` or a session is given."""
    if shape is None and ndim is not None:
        shape = [None] * ndim
    if sparse:
        return tf.sparse_placeholder(_name(dtype), shape, name)
    return tf.placeholder(_name(dtype), shape, name)


def is_placeholder(x: Any) -> bool:
    return is_graph_value(x) and x.op.type.startswith("Placeholder")


def is_keras_tensor(x: Any) -> bool:
    """Whether a tensor comes from a Keras layer or `keras.Input`."""
    return isinstance(x, genuine().KerasTensor)


def is_tensor(x: Any) -> bool:
    return is_graph_value(x) or isinstance(x, (genuine().KerasTensor, jax.Array))


def is_sparse(tensor: Any) -> bool:
    return isinstance(tensor, tf.SparseTensor)


def to_dense(tensor: Any) -> Any:
    return tf.sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor


def get_value(x: Any) -> Any:
    """The value of a variable or tensor."""
    if hasattr(x, "numpy") and not is_graph_value(x):
        found = x.numpy()
        return found[()] if found.ndim == 0 else found
    if isinstance(x, (int, float, np.ndarray, np.generic)):
        return x
    return eval(x)


def eval(x: Any) -> Any:
    """The value of a tensor, in Keras's session."""
    if hasattr(x, "numpy") and not is_graph_value(x):
        return x.numpy()
    return to_dense(x) if isinstance(x, np.ndarray) else get_session().run(x)


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    if hasattr(x, "load") and is_graph_value(x):
        x.load(np.asarray(value, x.dtype.base_dtype.as_numpy_dtype), get_session())
    elif hasattr(x, "assign"):
        x.assign(np.asarray(value, str(x.dtype)))
    else:
        raise TypeError(f"K.set_value wants a variable, got {x!r}")


def batch_get_value(tensors: Any) -> list[Any]:
    return [get_value(x) for x in tensors]


batch_get_values = batch_get_value


def batch_set_value(tuples: Any) -> None:
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """An op that gives a variable a new value."""
    if hasattr(x, "_deferred_initialize") and current() is None:
        return _sessions.linked(x).assign(new_x)
    if current() is not None and hasattr(x, "_deferred_initialize"):
        call = current()
        assert call is not None
        call.updates.append((x, tf.convert_to_tensor(new_x)))
        return new_x
    return tf.assign(x, new_x)


def update_add(x: Any, increment: Any) -> Any:
    return update(x, x + increment)


def update_sub(x: Any, decrement: Any) -> Any:
    return update(x, x - decrement)


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    return update(x, x * momentum + value * (1.0 - momentum))


class Function:
    """`K.function(inputs, outputs)`: computes outputs from lists of values, in Keras's session."""

    def __init__(self, inputs: Any, outputs: Any, updates: Any = None, **options: Any) -> None:
        self.listed = isinstance(outputs, (list, tuple))
        self.inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        wanted = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        self.outputs = [tf.convert_to_tensor(t) for t in wanted]
        self.updates = [tf.assign(*u) if isinstance(u, tuple) else u for u in updates or []]

    def __call__(self, inputs: Any) -> Any:
        """The outputs for values of the inputs (None for the learning phase that is set)."""
        given = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        feeds = {
            key: value
            for key, value in zip(self.inputs, given, strict=True)
            if not isinstance(key, (int, bool))
        }
        found = get_session().run([self.outputs, self.updates], feeds)[0]
        return found if self.listed else found[0]


def function(inputs: Any, outputs: Any, updates: Any = None, **kwargs: Any) -> Function:
    """A function of NumPy arrays that computes tensors; see `Function`."""
    return Function(inputs, outputs, updates, **kwargs)


def gradients(loss: Any, variables: Any) -> Any:
    """Gradients of a tensor with respect to variables or tensors, Keras's among them."""
    listed = isinstance(variables, (list, tuple))
    wanted = list(variables) if listed else [variables]
    linked = [
        _sessions.linked(v) if hasattr(v, "_deferred_initialize") else tf.convert_to_tensor(v)
        for v in wanted
    ]
    return tf.gradients(tf.convert_to_tensor(loss), linked)


def stop_gradient(variables: Any) -> Any:
    return map_leaves(_stop_gradient, variables)


@_public
def _stop_gradient(x: Any) -> Any:
    return tf.stop_gradient(x)


def name_scope(name: str) -> Any:
    return scopes.name_scope(name)


def manual_variable_initialization(value: bool) -> None:
    """Accepted: `K.get_session` gives variables their values only where they have none."""


def image_dim_ordering() -> str:
    """ "tf" or "th" (Keras 1)."""
    return "tf" if image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering: str) -> None:
    set_image_data_format({"tf": "channels_last", "th": "channels_first"}[dim_ordering])


def cast_to_floatx(x: Any) -> Any:
    return np.asarray(x, floatx())


def count_params(x: Any) -> int:
    return int(np.prod([int(d) for d in x.shape]))


def int_shape(x: Any) -> Any:
    """The static shape as a tuple of ints and None; None if nothing is known."""
    shape = x.shape
    if hasattr(shape, "as_list"):
        return None if shape.ndims is None else tuple(shape.as_list())
    return tuple(shape)


def ndim(x: Any) -> int:
    return len(int_shape(x))


def _shape(x: Any) -> list[Any]:
    """A shape with sizes where they are known, and scalars of the graph where not."""
    static = int_shape(x)
    dynamic = tf.shape(x) if None in static else None
    return [dynamic[i] if d is None else d for i, d in enumerate(static)]  # type: ignore[index]


def dtype(x: Any) -> str:
    found = x.dtype
    return str(found.base_dtype.name if hasattr(found, "base_dtype") else found)


def print_tensor(x: Any, message: str = "") -> Any:
    return tf.Print(x, [x], message)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in _functions():  # not among the globals, where `any` and `sum` mean Python's
        raise UnsupportedAttribute(name)
    return _functions()[name]


@functools.cache
def _functions() -> dict[str, Any]:
    from tf1x.lib.keras import backend_arrays, backend_math

    return {
        name: _public(item)
        for module in (backend_arrays, backend_math)
        for name, item in vars(module).items()
        if getattr(item, "__module__", "") == module.__name__ and not name.startswith("_")
    }


class UnsupportedAttribute(AttributeError, UnsupportedError):
    """A name that the backend of the time did not have, or that is not served."""

    def __init__(self, name: str) -> None:
        UnsupportedError.__init__(
            self, f"keras.backend.{name} is not served: use the function of tf that does it."
        )


def __dir__() -> list[str]:
    return sorted({*globals(), *_functions()})


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors (or of what two functions return), by a condition."""
    return __getattr__("switch")(condition, then_expression, else_expression)
