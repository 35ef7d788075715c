"""Variables that have their value at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.variables import ResourceVariable
from tf1x.ops import state
from tf1x.runtime import eager
from tf1x.runtime.eager_tensor import on_release

_numbers = itertools.count()


class EagerVariable(ResourceVariable):
    """A variable of eager execution. Its value goes when nothing refers to it any more.

    Functions that are traced (`tf.function`) capture it by reference.
    """

    def _build(self, initial_value: Any, dtype: Any, shape: Any, scope: str) -> None:
        value = initial_value() if callable(initial_value) else initial_value
        first = convert.to_tensor(value, dtype, name="initial_value")
        self._set_type(first, shape)
        self._variable_name = scope[:-1]
        self._cached_value = None
        self._unique_id = f"{self._variable_name}_{next(_numbers)}"
        self.handle = state.VarHandleOp(
            shape=self._shape, dtype=self._dtype, shared_name=self._unique_id
        )
        state.AssignVariableOp(self.handle, first)
        values = eager.graph().session._state.variables
        on_release(self.handle, values.pop, self._unique_id, None)  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        return f"{self._variable_name}:0"

    @property
    def _shared_name(self) -> str:
        return self._variable_name

    @property
    def op(self) -> Operation:
        """Stands for the variable: its `name` is the variable's."""
        from tf1x.runtime.eager_tensor import EagerOperation

        handle = self.handle.op
        return EagerOperation(
            handle.graph,
            handle.opdef,
            self._variable_name,
            (),
            handle.attrs,  # type: ignore[arg-type]
        )

    @property
    def graph(self) -> Any:
        return self.handle.graph

    @property
    def device(self) -> str:
        return self.handle.device

    @property
    def initializer(self) -> Any:
        """None: the variable has been initialised."""
        return None

    @property
    def initial_value(self) -> Tensor:
        raise RuntimeError("initial_value not supported in EAGER mode.")

    def initialized_value(self) -> Tensor:
        """The value."""
        return self.value()

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Whether the variable has a value; it has."""
        return convert.constant(True)

    def _as_graph_element(self) -> Tensor:
        return self._read()

    def eval(self, session: Any = None) -> Any:
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're looking for?"
        )

    def load(self, value: Any, session: Any = None) -> None:
        """Set the value."""
        self.assign(value)

    def _lazy_read(self, op: Operation) -> Any:
        return self if scopes.executing_eagerly() else super()._lazy_read(op)

    # -- the value -----------------------------------------------------------------------------

    def _known(self) -> Any:
        """The value as NumPy's, without noting on any tape that it was read."""
        return np.asarray(eager.graph().session._state.variables[self._unique_id])

    def numpy(self) -> Any:
        """The value as an array of its own (a scalar of NumPy's).

        Raises:
            NotImplementedError: inside of a function that is being traced.
        """
        if not scopes.executing_eagerly():
            raise NotImplementedError("numpy() is only available when eager execution is enabled.")
        value = self._known()
        return value.copy() if value.ndim else value[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.numpy(), dtype)

    def __bool__(self) -> bool:
        return bool(self.read_value())

    __nonzero__ = __bool__

    def __int__(self) -> int:
        return int(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __index__(self) -> int:
        return int(self.numpy().__index__())

    def __format__(self, format_spec: str) -> str:
        return format(self.numpy(), format_spec) if not self._shape.ndims else str(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> EagerVariable:
        made = EagerVariable(
            self._known(), trainable=self._trainable, name=self._variable_name, dtype=self._dtype,
            constraint=self._constraint,
        )  # fmt: skip
        memo[id(self)] = made
        return made

    def __repr__(self) -> str:
        dims = tuple(self._shape.as_list())
        text = repr(self._known()) if dims else str(self._known())
        text = f"\n{text}" if "\n" in text else text
        return f"<tf.Variable '{self.name}' shape={dims} dtype={self._dtype.name}, numpy={text}>"
