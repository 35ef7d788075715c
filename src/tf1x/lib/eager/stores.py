"""`tfe.EagerVariableStore`: functional layers that find their variables again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.lib import variable_scope
from tf1x.lib.variable_store import VariableStore
from tf1x.runtime import eager


class EagerVariableStore:
    """Keeps the variables that `tf.get_variable` and functional layers make inside `as_default()`.

    Args:
        store: the `EagerVariableStore` (or its inner store) to go on with.

    Example:
        >>> container = tf.contrib.eager.EagerVariableStore()
        >>> with container.as_default():
        ...     y = tf.layers.dense(x, 10, name="l1")
        >>> len(container.variables())
        2
    """

    def __init__(self, store: Any = None) -> None:
        inner = getattr(store, "_store", store)
        if inner is not None and not isinstance(inner, VariableStore):
            raise ValueError("Cannot construct EagerVariableStore from a VariableStore object that does not hold eager variables.")  # fmt: skip
        self._store = inner or VariableStore()

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """Within, variables are looked up here, with AUTO_REUSE."""
        found = eager.graph().get_collection_ref(variable_scope._STORE_KEY)
        saved = list(found)
        found[:] = [self._store]
        scope = variable_scope.get_variable_scope()
        reuse, scope._reuse = scope._reuse, variable_scope.AUTO_REUSE
        try:
            yield
        finally:
            found[:] = saved
            scope._reuse = reuse

    def variables(self) -> list[Any]:
        """The variables, by name."""
        return sorted(self._store._vars.values(), key=lambda v: v.name)

    def trainable_variables(self) -> list[Any]:
        """Those that are trained."""
        return [v for v in self.variables() if v.trainable]

    def non_trainable_variables(self) -> list[Any]:
        """Those that are not."""
        return [v for v in self.variables() if not v.trainable]

    def copy(self) -> EagerVariableStore:
        """A store with variables of its own that have the same values."""
        made = EagerVariableStore()
        for name, variable in self._store._vars.items():
            made._store._vars[name] = variable.__deepcopy__({})
        return made
