"""`tf.contrib.staging.StagingArea`: hands values from one run to the next."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops import staging
from tf1x.ops.grouping import no_op


class StagingArea:
    """A buffer between runs, first in, first out: load the next batch while this one is used.

    Args:
        dtypes: types of the values of an element.
        shapes: their shapes, or None.
        names: their names, or None; with names elements are dicts.
        shared_name: areas of a session with the same shared name are one.
        capacity: how many elements fit in; 0 for no limit.
        memory_limit: how many bytes fit in; 0 for no limit.
    """

    def __init__(
        self,
        dtypes: Any,
        shapes: Any = None,
        names: list[str] | None = None,
        shared_name: str | None = None,
        capacity: int = 0,
        memory_limit: int = 0,
    ) -> None:
        if shared_name is not None and not isinstance(shared_name, str):
            raise ValueError(f"shared_name must be a string, got {shared_name}")
        self._name = shared_name or scopes.get_default_graph().unique_name(type(self).__name__)
        self._dtypes = [as_dtype(t) for t in dtypes]
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError("StagingArea shapes must be the same length as dtypes")
        if names is not None and len(names) != len(dtypes):
            raise ValueError("StagingArea names must be the same length as dtypes")
        self._shapes = [TensorShape(s) for s in shapes or [None] * len(dtypes)]
        self._names = names
        self._limits = {"capacity": capacity, "memory_limit": memory_limit}
        with scopes.name_scope(f"{self._name}_root"):
            self._beside = no_op()

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtypes(self) -> list[DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    @property
    def capacity(self) -> int:
        """How many elements fit in; 0 for no limit."""
        return self._limits["capacity"]

    @property
    def memory_limit(self) -> int:
        """How many bytes fit in; 0 for no limit."""
        return self._limits["memory_limit"]

    def put(self, values: Any, name: str | None = None) -> Operation:
        """An op that puts in an element: a tensor, a list of them, or a dict if there are names.

        Raises:
            ValueError: its types or names are not those of the area.

        Raises (when run):
            CancelledError: the session is closed while this waits for room.
        """
        listed = list(values.values()) if isinstance(values, dict) else values
        listed = listed if isinstance(listed, (list, tuple)) else [listed]
        with scopes.name_scope(name, f"{self._name}_put", listed) as scope:
            tensors = self._tensors(values if isinstance(values, dict) else listed)
            with self._colocated():
                node: Operation = staging.Stage(
                    tensors, shared_name=self._name, name=scope, **self._limits
                )
            return node

    def _tensors(self, values: Any) -> list[Tensor]:
        if isinstance(values, dict):
            if not self._names:
                raise ValueError("Staging areas must have names to enqueue a dictionary")
            if set(values) != set(self._names):
                raise ValueError(
                    "Keys in dictionary to put do not match names of staging area. Dictionary: "
                    f"{sorted(values)}Queue: {sorted(self._names)}"
                )
            values = [values[key] for key in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a staging area with names")
        if len(values) != len(self._dtypes):
            raise ValueError(f"Unexpected number of inputs {len(values)} vs {len(self._dtypes)}")
        tensors = []
        for i, (value, dtype, shape) in enumerate(
            zip(values, self._dtypes, self._shapes, strict=True)
        ):
            tensor = convert.to_tensor(value, name=f"component_{i}")
            if tensor.dtype.base_dtype is not dtype:
                raise ValueError(
                    f"Datatypes do not match. Received val.dtype {tensor.dtype} and dtype {dtype}"
                )
            tensor.shape.assert_is_compatible_with(shape)
            tensors.append(tensor)
        return tensors

    def get(self, name: str | None = None) -> Any:
        """The element that has been in longest, which is taken out; a list or a dict.

        Raises (when run):
            CancelledError: the session is closed while this waits for one.
        """
        with self._colocated():
            values = staging.Unstage(
                dtypes=self._dtypes,
                shared_name=self._name,
                name=name or f"{self._name}_get",
                **self._limits,
            )
        return self._element(values)

    def peek(self, index: Any, name: str | None = None) -> Any:
        """The element at a position, which stays; waits until there are so many."""
        with self._colocated():
            values = staging.StagePeek(
                index,
                dtypes=self._dtypes,
                shared_name=self._name,
                name=name or f"{self._name}_peek",
                **self._limits,
            )
        return self._element(values)

    def _element(self, values: list[Tensor]) -> Any:
        no_op()  # TensorFlow asks this node for the device in force
        for tensor, shape in zip(values, self._shapes, strict=True):
            tensor.set_shape(shape)
        return dict(zip(self._names, values, strict=True)) if self._names else values

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, an int32 scalar."""
        size: Tensor = staging.StageSize(
            dtypes=self._dtypes,
            shared_name=self._name,
            name=name or f"{self._name}_size",
            **self._limits,
        )
        return size

    def clear(self, name: str | None = None) -> Operation:
        """An op that removes all elements."""
        node: Operation = staging.StageClear(
            dtypes=self._dtypes,
            shared_name=self._name,
            name=name or f"{self._name}_clear",
            **self._limits,
        )
        return node

    def _colocated(self) -> Any:
        return scopes.get_default_graph().colocate_with(self._beside)
