"""Keras's weights in sessions: the TensorFlow variables that stand for them, and `K.get_session`."""

from __future__ import annotations

import itertools
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import jax.numpy as jnp
import numpy as np

from tf1x.core import recording, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.graph import Graph
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.core.references import variable_key
from tf1x.core.shapes import TensorShape
from tf1x.lib.keras.engine import genuine
from tf1x.lib.variables import RefVariable, Variable, init_scope
from tf1x.ops import array
from tf1x.runtime.session import BaseSession, Session

# -- variables ---------------------------------------------------------------------------------

_numbers = itertools.count()
_by_token: WeakValueDictionary[str, Any] = WeakValueDictionary()


@op("-> value: dtype", shape=lambda op: [op.attrs["shape"]], grad=None, host=True, stateful=True)
def KerasValue(*, token: str, dtype: DType, shape: TensorShape, session: Any) -> Any:
    """The value of a Keras variable outside of sessions: where its twin in a session starts."""
    variable = _by_token[token]
    session._state.resources.setdefault("KerasValue", _Kept(session)).variables[token] = variable
    return np.asarray(variable._stored, dtype.as_numpy_dtype)


class _Kept:
    """Hands the values of Keras variables back when their session is closed."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.variables: dict[str, Any] = {}

    def close_resource(self) -> None:
        for variable in self.variables.values():
            found = variable._in(self.session)
            if found is not None:
                variable._stored = found


def linked(variable: Any) -> Any:
    """The `tf.Variable` of the default graph that stands for a Keras variable."""
    graph = scopes.get_default_graph().outermost
    if not hasattr(variable, "_twins"):
        _link(variable)
    if graph.is_eager:
        return _linked_eagerly(variable, graph)
    if graph not in variable._twins:
        token = f"keras_value_{next(_numbers)}"
        _by_token[token] = variable
        variable._token = token
        with init_scope(), scopes.name_scope(None):
            start = KerasValue(
                token=token, dtype=as_dtype(variable._dtype),
                shape=TensorShape.of(tuple(variable.shape)), name=f"{variable.path}/initial_value",
            )  # fmt: skip
            twin = RefVariable(start, trainable=variable.trainable, name=variable.path)
        twin._keras_variable = variable  # which lives as long as the graph: `start` asks it
        variable._twins[graph] = twin
    return variable._twins[graph]


def _linked_eagerly(variable: Any, graph: Graph) -> Any:
    twin = variable._twins.get(graph)
    if twin is None:
        with init_scope(), recording.paused(), scopes.name_scope(None):
            twin = Variable(variable._stored, name=variable.path, dtype=as_dtype(variable._dtype))
        twin._keras_variable = variable
        variable._twins[graph] = twin
    twin._trainable = variable.trainable
    return twin


def mirror(variable: Any) -> Any:
    """The Keras variable that stands for a `tf.Variable` of eager execution."""
    if not hasattr(variable, "_keras_variable"):
        made = genuine().Variable(variable.numpy(), name=variable.op.name.replace("/", "_"))
        _link(made)
        made._twins[variable.graph] = variable
        variable._keras_variable = made
    return variable._keras_variable


def _link(variable: Any) -> None:
    """Let a Keras variable read and write the value that the current session has for it."""
    variable.value  # noqa: B018 -- a variable whose first value was put off gets it
    stored = variable.__dict__.pop("_value")
    if stored is None:
        stored = variable.value
    variable.__class__ = _linked_class(type(variable))
    variable._stored = np.asarray(stored)
    variable._twins = WeakKeyDictionary()


_classes: dict[type, type] = {}


def _linked_class(kind: type) -> type:
    if kind in _classes:
        return _classes[kind]

    class Linked(kind):  # type: ignore[misc, valid-type]
        """A Keras variable whose value is in the session, where that has one."""

        def _in(self, session: Any) -> Any:
            """A copy of the value in a session, or None."""
            twin = self._twins.get(session.graph)
            if twin is None or session.graph.is_eager:
                return None
            with session._state.lock:
                found = session._state.variables.get(variable_key(twin._variable))
                return None if found is None else np.array(found)

        def _eager_twin(self) -> Any:
            return next((t for g, t in self._twins.items() if g.is_eager), None)

        @property
        def _value(self) -> Any:
            session = current()
            found = None if session is None else self._in(session)
            if found is None and (twin := self._eager_twin()) is not None:
                found = twin._known()
            return jnp.asarray(self._stored if found is None else found)

        @_value.setter
        def _value(self, value: Any) -> None:
            if value is None:  # Keras, as it trains, lets go of what it has a copy of
                return
            self._stored = np.array(value)
            if (twin := self._eager_twin()) is not None:
                with recording.paused():
                    twin.assign(self._stored)
            session = current()
            if session is not None and self._in(session) is not None:
                with session._state.lock:
                    key = variable_key(self._twins[session.graph]._variable)
                    session._state.variables[key] = np.array(value)

    Linked.__name__ = Linked.__qualname__ = kind.__name__
    _classes[kind] = Linked
    return Linked


def as_tensor(variable: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    """A Keras variable where a tensor is wanted."""
    from tf1x.lib.keras import bridge

    inside = bridge.current()
    tensor = inside.variable(variable) if inside is not None else linked(variable).value()
    if dtype is not None and not dtype.is_compatible_with(tensor.dtype):
        return NotImplemented
    return tensor


# -- sessions ----------------------------------------------------------------------------------

_session: BaseSession | None = None


def current() -> BaseSession | None:
    """The session that Keras works with, if there is one: the default session, else Keras's own."""
    found: BaseSession | None = scopes.get_default_session()
    if found is None:
        found = _session
    return None if found is None or found._closed else found


def get_session() -> BaseSession:
    """Keras's session, in which the weights that stand in its graph have values."""
    global _session
    found = current()
    if found is None or (found is _session and found.graph is not scopes.get_default_graph().outermost):  # fmt: skip
        found = _session = Session(graph=scopes.get_default_graph().outermost)
    initialize(found)
    return found


def initialize(session: BaseSession) -> None:
    """Give the Keras variables of a session's graph their values, where they have none yet."""
    missing = [
        twin.initializer
        for variable in list(_by_token.values())
        if (twin := variable._twins.get(session.graph)) is not None
        and variable._in(session) is None
    ]
    missing += [
        v.initializer
        for v in _variables.get(session.graph, ())
        if variable_key(v._variable) not in session._state.variables
    ]
    if missing:
        session.run(missing)


def set_session(session: BaseSession) -> None:
    """Make a session the one that Keras works with."""
    global _session
    _session = session


def clear_session() -> None:
    """Start afresh: Keras's names, its session, and the default graph."""
    global _session
    if _session is not None:
        _session.close()
        _session = None
    if not scopes.graphs.items:
        scopes.reset_default_graph()
    _phases.clear()
    genuine("backend").clear_session()


# Variables that programs make with `K.variable` inside of graphs.
_variables: WeakKeyDictionary[Graph, list[Any]] = WeakKeyDictionary()


# -- the learning phase --------------------------------------------------------------------------

_phases: WeakKeyDictionary[Graph, Any] = WeakKeyDictionary()


def learning_phase() -> Any:
    """1 for training and 0 for testing where it was set; else a bool tensor that may be fed."""
    graph = scopes.get_default_graph().outermost
    if scopes.executing_eagerly():
        return bool(_phases.get(graph, False))
    if graph not in _phases:
        with init_scope(), scopes.name_scope(None):
            _phases[graph] = array.PlaceholderWithDefault(
                False, shape=(), name="keras_learning_phase"
            )
    return _phases[graph]


def set_learning_phase(value: Any) -> None:
    """Fix the learning phase of the default graph.

    Raises:
        ValueError: it is neither 0 nor 1.
    """
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    _phases[scopes.get_default_graph().outermost] = int(value)


def phase_tensor(value: Any) -> Tensor:
    """The learning phase as a bool tensor."""
    return value if isinstance(value, Tensor) else array.constant(bool(value))
