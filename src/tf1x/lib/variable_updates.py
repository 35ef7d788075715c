"""The methods of variables that change them."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, opdef
from tf1x.core.dtypes import DType
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.ops import state


class VariableUpdates:
    """`assign`, `scatter_add` and so on; the two kinds of variables say how."""

    @property
    def dtype(self) -> DType:
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def _reference(self) -> Tensor:
        """What ops that change the variable take: a reference, or the resource handle."""
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Set the value; returns something that evaluates to it (the op, if not `read_value`)."""
        return self._updated("Assign", value, use_locking, name, read_value)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add to the value; returns something that evaluates to the new one."""
        return self._updated("AssignAdd", delta, use_locking, name, read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract from the value; returns something that evaluates to the new one."""
        return self._updated("AssignSub", delta, use_locking, name, read_value)

    def _updated(
        self, kind: str, value: Any, use_locking: bool, name: str | None, read_value: bool
    ) -> Any:
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def _scattered(
        self, kind: str, indices: Any, updates: Any, use_locking: bool, name: str | None
    ) -> Any:
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def _scattered_rows(self, kind: str, delta: Any, use_locking: bool, name: str | None) -> Any:
        if not isinstance(delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {delta}")
        return self._scattered(kind, delta.indices, delta.values, use_locking, name)

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Add IndexedSlices."""
        return self._scattered_rows("ScatterAdd", sparse_delta, use_locking, name)

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtract IndexedSlices."""
        return self._scattered_rows("ScatterSub", sparse_delta, use_locking, name)

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiply rows by IndexedSlices."""
        return self._scattered_rows("ScatterMul", sparse_delta, use_locking, name)

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divide rows by IndexedSlices."""
        return self._scattered_rows("ScatterDiv", sparse_delta, use_locking, name)

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Take the minimum of rows and IndexedSlices."""
        return self._scattered_rows("ScatterMin", sparse_delta, use_locking, name)

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Take the maximum of rows and IndexedSlices."""
        return self._scattered_rows("ScatterMax", sparse_delta, use_locking, name)

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Replace rows by IndexedSlices."""
        return self._scattered_rows("ScatterUpdate", sparse_delta, use_locking, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add to the slices at `indices[..., :]`."""
        return self._scattered("ScatterNdAdd", indices, updates, True, name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract from the slices at `indices[..., :]`."""
        return self._scattered("ScatterNdSub", indices, updates, True, name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replace the slices at `indices[..., :]`."""
        return self._scattered("ScatterNdUpdate", indices, updates, True, name)

    def count_up_to(self, limit: int) -> Tensor:
        """The value, and one more at the next run; OutOfRangeError when it reaches `limit`."""
        if self.dtype._is_ref_dtype:
            counted: Tensor = state.CountUpTo(self._reference(), limit=limit)
        else:
            counted = state.ResourceCountUpTo(self._reference(), limit=limit, T=self.dtype)
        return counted


def scattered(
    kind: str, ref: Any, indices: Any, updates: Any, use_locking: Any, name: str | None
) -> Any:
    """Add the op `kind` ("ScatterAdd", "ScatterNdUpdate", ...) on a reference or resource variable."""
    if ref.dtype._is_ref_dtype:
        return opdef.get(kind).endpoint(ref, indices, updates, use_locking=use_locking, name=name)
    updates = convert.to_tensor(updates, ref.dtype)
    return ref._lazy_read(
        opdef.get(f"Resource{kind}").endpoint(ref.handle, indices, updates, name=name)
    )
