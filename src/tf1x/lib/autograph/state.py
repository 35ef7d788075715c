"""The variables that a block of converted code changes, read and written from outside of it."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core import convert, dtypes, nest, scopes
from tf1x.core.operation import Frame, Tensor
from tf1x.ops import composite


class Undefined:
    """The value of a variable that has none."""

    def __repr__(self) -> str:
        return "<undefined>"


UNDEFINED = Undefined()


class State:
    """Some symbols of a function, through the cells of functions inside of it.

    Args:
        names: symbols; places (`self.x`) after plain names.
        functions: which between them refer to all of the names that are not global.
    """

    def __init__(self, names: Sequence[str], *functions: Callable[..., Any]) -> None:
        self.names = tuple(names)
        code = functions[0].__code__
        self.where = Frame(code.co_filename, code.co_firstlineno, code.co_name)
        self._globals = functions[0].__globals__
        self._cells: dict[str, types.CellType] = {}
        for function in functions:
            cells = function.__closure__ or ()
            self._cells.update(zip(function.__code__.co_freevars, cells, strict=True))

    def read(self) -> list[Any]:
        """The values, UNDEFINED for those without."""
        return [self._get(name) for name in self.names]

    def write(self, values: Sequence[Any]) -> None:
        for name, value in zip(self.names, values, strict=True):
            self._set(name, value)

    def _get(self, name: str) -> Any:
        base, steps = _path(name)
        try:
            value = self._cells[base].cell_contents if base in self._cells else self._globals[base]
            for is_item, key in steps:
                value = value[key] if is_item else getattr(value, key)
        except (AttributeError, LookupError, TypeError, ValueError):
            return UNDEFINED
        return value

    def _set(self, name: str, value: Any) -> None:
        base, steps = _path(name)
        if not steps:
            self._set_name(base, value)
            return
        owner = self._get(_join(base, steps[:-1]))
        is_item, key = steps[-1]
        if value is UNDEFINED:
            if self._get(name) is not UNDEFINED:
                owner.__delitem__(key) if is_item else delattr(owner, key)
        elif is_item:
            owner[key] = value
        elif self._get(name) is not value:
            setattr(owner, key, value)

    def _set_name(self, name: str, value: Any) -> None:
        if name not in self._cells:
            if value is UNDEFINED:
                self._globals.pop(name, None)
            else:
                self._globals[name] = value
        elif value is UNDEFINED:
            del self._cells[name].cell_contents
        else:
            self._cells[name].cell_contents = value


@functools.lru_cache(4096)
def _path(name: str) -> tuple[str, tuple[tuple[bool, Any], ...]]:
    """A symbol as the name it starts with and steps (is it an item?, attribute or key)."""
    node: Any = ast.parse(name, mode="eval").body
    steps: list[tuple[bool, Any]] = []
    while not isinstance(node, ast.Name):
        is_item = isinstance(node, ast.Subscript)
        steps.append((is_item, node.slice.value if is_item else node.attr))
        node = node.value
    return node.id, tuple(reversed(steps))


def _join(base: str, steps: Sequence[tuple[bool, Any]]) -> str:
    return base + "".join(f"[{key!r}]" if is_item else f".{key}" for is_item, key in steps)


# -- values ------------------------------------------------------------------------------------


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor or a variable."""
    return isinstance(value, Tensor) or hasattr(type(value), "_as_graph_element")


def is_staged(value: Any) -> bool:
    """Whether the value is known only when a graph runs."""
    return is_tensor(value) and not scopes.executing_eagerly()


def is_value(leaf: Any) -> bool:
    """Whether a branch or a loop can hand a leaf on as tensors."""
    if isinstance(leaf, (bool, int, float, complex, str, bytes, np.ndarray, np.generic)):
        return True
    return is_tensor(leaf) or composite.is_composite(leaf)


def lifted(value: Any) -> Any:
    """A nest with tensors (of the default graph) for all leaves that can be tensors."""
    if value is UNDEFINED or not nest.is_nested(value):
        return _lifted_leaf(value)
    return nest.pack_sequence_as(value, [_lifted_leaf(leaf) for leaf in nest.flatten(value)])


def _lifted_leaf(leaf: Any) -> Any:
    if not is_value(leaf) or composite.is_composite(leaf):
        return leaf
    return convert.to_tensor(leaf)


def leaves(values: Sequence[Any]) -> list[Any]:
    """The leaves of values that are tensors (or made of them)."""
    return [leaf for value in values for leaf in nest.flatten(value) if is_value(leaf)]


def packed(like: Sequence[Any], found: Sequence[Any]) -> list[Any]:
    """The values `like` with other tensors for leaves."""
    remaining = iter(found)
    values = []
    for value in like:
        new = [next(remaining) if is_value(x) else x for x in nest.flatten(value)]
        values.append(nest.pack_sequence_as(value, new) if nest.is_nested(value) else new[0])
    return values


COPIED: set[type] = {list, dict}


def copied(value: Any) -> Any:
    """A list or dict of its own, since code may change it in place."""
    return value.copy() if type(value) in COPIED else value


def condition(value: Any, what: str) -> Tensor:
    """The scalar bool that a statement tests.

    Raises:
        ValueError: it is none.
    """
    tensor = convert.to_tensor(value)
    hint = ""
    if tensor.dtype.base_dtype is not dtypes.bool_:
        hint = "; to use as boolean Tensor, use `tf.cast`"
    elif tensor.shape.ndims is None or tensor.shape.ndims == 0:
        return tensor
    elif tensor.shape.num_elements() == 1:
        from tf1x.ops.array import Reshape

        reshaped: Tensor = Reshape(tensor, np.zeros(0, np.int32))
        return reshaped
    else:
        hint = "; to check for None, use `is not None`"
    raise ValueError(f"condition of {what} expected to be `tf.bool` scalar, got {tensor}{hint}")


def check_alike(name: str, first: Any, second: Any, words: dict[str, str], where: Frame) -> None:
    """Two lifted values can be one variable.

    Args:
        words: what the message says for `structure`, `first`, `second`, `first_end`, `second_end`.

    Raises:
        TypeError, ValueError: they differ in structure, type, or what is no tensor.
    """
    if (found := _difference(name, first, second)) is not None:
        kind, text = found
        for key, value in words.items():
            text = text.replace("{" + key + "}", value)
        raise kind(f"{text}\n  {where}")


def _difference(name: str, first: Any, second: Any) -> tuple[type[Exception], str] | None:
    """What keeps two lifted values from being one variable: a class, and words around `{}`."""
    try:
        nest.assert_same_structure(first, second)
    except (TypeError, ValueError) as error:
        return TypeError, f"'{name}' {{structure}}:\n\n{error}"
    for a, b in zip(nest.flatten(first), nest.flatten(second), strict=True):
        if is_value(a) and is_value(b):
            if composite.is_composite(a) or composite.is_composite(b):
                if type(a) is not type(b):
                    return TypeError, f"'{name}' {{structure}}: {type(a).__name__} and {type(b).__name__}"  # fmt: skip
            elif a.dtype.base_dtype is not b.dtype.base_dtype:
                return TypeError, f"'{name}' has dtype {a.dtype.name} {{first}}, but dtype {b.dtype.name} {{second}}"  # fmt: skip
        elif a is None or b is None:
            if a is not b:
                return ValueError, f"'{name}' is None at the end of {{{'first_end' if a is None else 'second_end'}}}."  # fmt: skip
        elif a is not b:
            return TypeError, f"'{name}' is {a!r} {{first}}, but {b!r} {{second}}: what depends on a tensor must be a tensor"  # fmt: skip
    return None
