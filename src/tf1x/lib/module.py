"""`tf.Module`: an object that finds the variables and modules in its attributes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tf1x.core import scopes
from tf1x.lib.train.checkpointable import Checkpointable
from tf1x.lib.variables import Variable


class Module(Checkpointable):
    """Base of objects with variables.

    Args:
        name: by default the class's name in lower case with underscores.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()
        if not self._name.isidentifier():
            raise ValueError(f"{self._name!r} is not a valid module name: use a Python identifier.")
        with scopes.name_scope(self._name) as scope:
            self._scope = scope

    @property
    def name(self) -> str:
        return self._name

    @property
    def name_scope(self) -> Any:
        """The scope in which methods decorated with `with_name_scope` run."""
        return scopes.name_scope(self._scope)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """A decorator of methods: their ops and variables are named within the module's scope."""

        @functools.wraps(method)
        def scoped(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables in the attributes, those of modules within included."""
        return tuple(dict.fromkeys(v for v in self._leaves() if isinstance(v, Variable)))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of `variables` that are trainable."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules in the attributes, at any depth."""
        return tuple(
            dict.fromkeys(m for m in self._leaves() if isinstance(m, Module) and m is not self)
        )

    def _leaves(self) -> Iterator[Any]:
        seen: set[int] = set()

        def walk(item: Any) -> Iterator[Any]:
            if id(item) in seen:
                return
            if isinstance(item, Module):
                seen.add(id(item))
                yield item
                for _, value in sorted(vars(item).items()):
                    yield from walk(value)
            elif isinstance(item, Mapping):
                for key in sorted(item, key=str):
                    yield from walk(item[key])
            elif isinstance(item, (list, tuple)):
                for value in item:
                    yield from walk(value)
            elif isinstance(item, Variable):
                yield item
            elif not isinstance(item, type) and isinstance(
                getattr(item, "variables", None), (list, tuple)
            ):
                yield from item.variables  # a layer

        return walk(self)
