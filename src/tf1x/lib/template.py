"""`tf.make_template`: a function whose variables are made once and shared by its later calls."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.variable_scope import (
    VariableScope,
    _unique_scope_name,
    pure_variable_scope,
    variable_scope,
)


class Template:
    """A function in a variable scope of its own; see `tf.make_template`."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Any = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._name = name
        self._func = func
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._scope: VariableScope | None = None
        self._created = False
        self._store: Any = None  # of the variables, while TensorFlow executes eagerly
        if create_scope_now:
            chosen = unique_name or _unique_scope_name(name)
            with pure_variable_scope(chosen, custom_getter=custom_getter) as scope:
                self._scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not scopes.get_default_graph().outermost.is_eager:
            return self._in_scope(args, kwargs)
        if self._store is None:
            from tf1x.lib.eager.stores import EagerVariableStore

            self._store = EagerVariableStore()
        with self._store.as_default():  # nothing else keeps them
            return self._in_scope(args, kwargs)

    def _in_scope(self, args: Any, kwargs: Any) -> Any:
        if self._scope is None:
            with variable_scope(
                self._unique_name, self._name, custom_getter=self._custom_getter
            ) as scope:
                self._scope = scope
                return self._call(args, kwargs)
        with variable_scope(self._scope, reuse=self._created):
            return self._call(args, kwargs)

    def _call(self, args: Any, kwargs: Any) -> Any:
        if not self._created:
            result = self._func(*args, **kwargs)
            self._created = True
            return result
        before = len(scopes.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES))
        result = self._func(*args, **kwargs)
        added = scopes.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)[before:]
        if added:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps you used "
                f"tf.Variable when you meant tf.get_variable: {added}"
            )
        return result

    @property
    def name(self) -> str:
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of the variables; None before the first call."""
        return self._scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's name with a final "/"."""
        if self._scope is None:
            return None
        name = self._scope.name
        return name if not name or name.endswith("/") else f"{name}/"

    def _collection(self, key: str) -> list[Any]:
        return scopes.get_collection(key, self.variable_scope_name) if self._created else []

    @property
    def global_variables(self) -> list[Any]:
        return self._collection(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        return self._collection(GraphKeys.LOCAL_VARIABLES)

    @property
    def variables(self) -> list[Any]:
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self) -> list[Any]:
        return self._collection(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self) -> list[Any]:
        trained = set(self.trainable_variables)
        return [v for v in self.global_variables if v not in trained]

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables


@export("make_template")
def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """A function like `func_` whose first call creates its variables and later calls share them.

    Args:
        name_: the variable scope's name, made unique.
        func_: makes variables with `tf.get_variable`.
        create_scope_now_: open the scope now rather than at the first call.
        unique_name_: the scope's exact name in place of `name_`.
        custom_getter_: for the variables of the scope.
        **kwargs: arguments to fix for `func_`.
    """
    func = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, func, create_scope_now_, unique_name_, custom_getter_)
