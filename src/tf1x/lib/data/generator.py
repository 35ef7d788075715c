"""`Dataset.from_generator`."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core import convert
from tf1x.core.dtypes import int64, string
from tf1x.lib.data import structure
from tf1x.lib.data.functions import Traced
from tf1x.lib.data.structure import Spec
from tf1x.ops import dataset_interleave
from tf1x.ops.script import py_func


class _Running:
    """The generators that are under way, by number."""

    def __init__(self, generator: Callable[..., Iterable[Any]]) -> None:
        self._generator = generator
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._args: dict[int, tuple[Any, ...]] = {}
        self._running: dict[int, Any] = {}

    def begin(self, *args: Any) -> Any:
        with self._lock:
            number = next(self._numbers)
        self._args[number] = args
        return np.array(number, np.int64)

    def next(self, number: int) -> Any:
        if number not in self._running:
            self._running[number] = iter(self._generator(*self._args.pop(number)))
        return next(self._running[number])

    def end(self, number: int) -> None:
        self._args.pop(number, None)
        found = self._running.pop(number, None)
        close = getattr(found, "close", None)
        if close is not None:
            close()


def from_generator(
    generator: Callable[..., Iterable[Any]],
    output_types: Any,
    output_shapes: Any,
    args: Any,
    output_signature: Any,
) -> Any:
    """See `Dataset.from_generator`."""
    from tf1x.lib.data.dataset import Dataset

    if not callable(generator):
        raise TypeError("`generator` must be a Python callable.")
    if output_signature is not None:
        output_types = structure.map_leaves(lambda s: s.dtype, output_signature)
        output_shapes = structure.map_leaves(lambda s: s.shape, output_signature)
    elif output_types is None:
        raise TypeError("`output_types` is required.")
    if isinstance(output_types, list):
        output_types = tuple(output_types)
    if isinstance(output_shapes, list) and structure.is_structure(output_types):
        output_shapes = tuple(output_shapes)
    spec = structure.spec_from(output_types, output_shapes)
    leaves = structure.flatten(spec)
    running = _Running(generator)
    given = () if args is None else tuple(convert.to_tensor(a, name=f"arg_{i}") for i, a in enumerate(args))  # fmt: skip

    def begin(*_state: Any) -> Any:
        return py_func(running.begin, list(_state), int64, stateful=True)

    def advance(number: Any) -> Any:
        def call(n: Any) -> list[Any]:
            return _flat(running.next(int(n)), spec, leaves)

        tensors = py_func(call, [number], [leaf.dtype for leaf in leaves], stateful=True)
        return structure.from_tensors(spec, tensors)

    def finish(number: Any) -> Any:
        def call(n: Any) -> Any:
            running.end(int(n))
            return np.array(0, np.int64)

        return py_func(call, [number], int64, stateful=True)

    number_spec = Spec(int64, ())

    def opened(*_state: Any) -> Dataset:
        init = Traced(lambda: begin(*given), (), "Dataset_from_generator")
        step = Traced(advance, number_spec, "Dataset_from_generator")
        end = Traced(finish, number_spec, "Dataset_from_generator")
        node = dataset_interleave.GeneratorDataset(
            init.captures,
            step.captures,
            end.captures,
            init_func=init.attr,
            next_func=step.attr,
            finalize_func=end.attr,
            output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec),
        )
        return Dataset(node, spec)

    return Dataset.from_tensors(0).flat_map(opened)


def _flat(value: Any, spec: Any, leaves: list[Spec]) -> list[Any]:
    """What the generator yielded as arrays of the declared types and shapes.

    Raises:
        TypeError, ValueError: it does not fit them.
    """
    if isinstance(value, list) and structure.is_structure(spec):
        value = tuple(value)
    try:
        structure.assert_same(spec, value) if structure.is_structure(spec) else None
    except (TypeError, ValueError) as error:
        raise TypeError(
            "`generator` yielded an element that did not match the expected structure. The "
            f"expected structure was {structure.types_of(spec)!r}, but the yielded element was {value!r}."
        ) from error
    found = []
    flat = structure.flatten(value) if structure.is_structure(spec) else [value]
    for leaf, item in zip(leaves, flat, strict=True):
        try:
            array = _array(item, leaf)
        except (TypeError, ValueError) as error:
            raise TypeError(
                "`generator` yielded an element that could not be converted to the expected type. "
                f"The expected type was {leaf.dtype.name}, but the yielded element was {item!r}."
            ) from error
        if not leaf.shape.is_compatible_with(array.shape):
            raise ValueError(
                f"`generator` yielded an element of shape {array.shape} where an element of shape "
                f"{leaf.shape} was expected."
            )
        found.append(array)
    return found


def _array(item: Any, leaf: Spec) -> Any:
    if leaf.dtype is not string:
        kind = np.dtype(leaf.dtype.as_numpy_dtype)
        array = np.asarray(item)
        if array.dtype == kind:
            return array
        if array.dtype.kind in "OUS":
            return np.array(item, kind)
        if array.dtype.kind == "f" and kind.kind in "iub" and isinstance(item, (np.ndarray, np.generic)):  # fmt: skip
            raise TypeError
        if array.dtype.kind == "f" and kind.kind in "iub":
            raise TypeError
        return array.astype(kind)
    array = np.asarray(item, object)
    if not array.ndim:
        made = np.empty((), object)
        made[()] = _bytes(array.item())
        return made
    return np.vectorize(_bytes, otypes=[object])(array) if array.size else array


def _bytes(item: Any) -> bytes:
    if isinstance(item, (bytes, bytearray, np.bytes_)):
        return bytes(item)
    if isinstance(item, str):
        return item.encode()
    raise TypeError(item)
