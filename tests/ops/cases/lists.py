"""Cases of ops/lists.py: a list cannot be fed or fetched, so each row builds one and reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints
from tf1x.core.dtypes import int64
from tf1x.ops import lists

SHAPE = np.array([3], np.int32)


def _stack(handle: Any, like: Any, **attrs: Any) -> Any:
    return lists.TensorListStack(handle, SHAPE, element_dtype=like.dtype, **attrs)


def _of(tensor: Any) -> Any:
    return lists.TensorListFromTensor(tensor, SHAPE)


def _read(tensor: Any, index: Any) -> Any:
    return lists.TensorListGetItem(_of(tensor), index, SHAPE, element_dtype=tensor.dtype)


def _written(tensor: Any, index: Any, item: Any, **attrs: Any) -> Any:
    return _stack(lists.TensorListSetItem(_of(tensor), index, item, **attrs), tensor)


def _reserved(item: Any) -> Any:
    handle = lists.TensorListReserve(SHAPE, 4, element_dtype=item.dtype)
    return _stack(lists.TensorListSetItem(handle, 2, item), item, num_elements=4)


def _reserved_without_shape(item: Any) -> Any:
    handle = lists.TensorListReserve(np.array(-1, np.int32), 3, element_dtype=item.dtype)
    return _stack(lists.TensorListSetItem(handle, 1, item), item)


def _pushed(first: Any, second: Any) -> Any:
    handle = lists.EmptyTensorList(SHAPE, -1, element_dtype=first.dtype)
    for item in (first, second, first):
        handle = lists.TensorListPushBack(handle, item)
    return _stack(handle, first), lists.TensorListLength(handle)


def _gathered(tensor: Any, indices: Any) -> Any:
    return lists.TensorListGather(_of(tensor), indices, SHAPE, element_dtype=tensor.dtype)


def _scattered(tensor: Any, indices: Any, count: int) -> Any:
    return _stack(lists.TensorListScatterV2(tensor, indices, SHAPE, count), tensor)


def _scattered_into(tensor: Any, rows: Any, indices: Any) -> Any:
    return _stack(lists.TensorListScatterIntoExistingList(_of(tensor), rows, indices), tensor)


def _joined(tensor: Any) -> Any:
    shape = np.array([2, 3], np.int32)
    handle = lists.TensorListFromTensor(tensor, shape)
    return list(
        lists.TensorListConcatV2(handle, shape, np.array([], np.int64), element_dtype=tensor.dtype)
    )


def _split(tensor: Any) -> Any:
    shape = np.array([-1, 3], np.int32)
    handle = lists.TensorListSplit(tensor, shape, np.array([2, 2], np.int64))
    full = np.array([2, 3], np.int32)
    return lists.TensorListStack(handle, full, element_dtype=tensor.dtype)


def _resized(tensor: Any, size: int) -> Any:
    return _stack(lists.TensorListResize(_of(tensor), size), tensor)


def _shape_of(tensor: Any) -> Any:
    return lists.TensorListElementShape(_of(tensor), shape_type=int64)


CASES = [
    Case("TensorListFromTensor", (floats(4, 3),), program=lambda x: _stack(_of(x), x), data_dependent=True),
    Case("TensorListStack", (ints(4, 3),), program=lambda x: _stack(_of(x), x), data_dependent=True, note="ints"),
    Case("TensorListGetItem", (floats(4, 3), Const(2)), program=_read),
    Case("TensorListGetItem", (floats(4, 3), np.int32(1)), program=_read, note="fed index"),
    Case("TensorListSetItem", (floats(4, 3), Const(1), floats(3, seed=1)), program=_written, data_dependent=True),
    Case(
        "TensorListSetItem", (floats(4, 3), np.int32(3), floats(3, seed=1)), program=_written,
        data_dependent=True, note="fed index",
    ),
    Case(
        "TensorListSetItem", (floats(2, 3), Const(3), floats(3, seed=1)),
        {"resize_if_index_out_of_bounds": True}, program=_written, data_dependent=True,
        note="grows",
    ),
    Case("TensorListReserve", (floats(3),), program=_reserved),
    Case(
        "TensorListReserve", (floats(3),), program=_reserved_without_shape, data_dependent=True,
        note="shape by the first write",
    ),
    Case("EmptyTensorList", (floats(3), floats(3, seed=1)), program=_pushed, data_dependent=True),
    Case("TensorListPushBack", (floats(3), floats(3, seed=1)), program=_pushed, data_dependent=True),
    Case("TensorListLength", (floats(5, 3),), program=lambda x: lists.TensorListLength(_of(x))),
    # No index twice: TensorFlow's gradient keeps only the last of them.
    Case("TensorListGather", (floats(4, 3), np.array([2, 0, 3], np.int32)), program=_gathered),
    Case(
        "TensorListScatterV2", (floats(3, 3), Const(np.array([2, 0, 3], np.int32))), {"count": 5},
        program=_scattered, data_dependent=True,
    ),
    Case(
        "TensorListScatterV2", (floats(3, 3), Const(np.array([2, 0, 3], np.int32))), {"count": -1},
        program=_scattered, data_dependent=True, note="as many as needed",
    ),
    Case(
        "TensorListScatterIntoExistingList",
        (floats(4, 3), floats(2, 3, seed=1), Const(np.array([3, 1], np.int32))),
        program=_scattered_into, data_dependent=True,
    ),
    Case("TensorListConcatV2", (floats(4, 2, 3),), program=_joined, data_dependent=True),
    Case("TensorListSplit", (floats(4, 3),), program=_split, data_dependent=True),
    Case("TensorListResize", (floats(4, 3),), {"size": 2}, program=_resized, data_dependent=True),
    Case(
        "TensorListResize", (floats(2, 3),), {"size": 4}, program=_resized, data_dependent=True,
        grad=False, note="longer",
    ),
    Case("TensorListElementShape", (floats(4, 3),), program=_shape_of, data_dependent=True),
]  # fmt: skip
