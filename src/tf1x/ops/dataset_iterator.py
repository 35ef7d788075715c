"""Iterators: what gives a dataset's elements to the graph, one a run."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import FailedPreconditionError, OutOfRangeError
from tf1x.core.func_graph import FuncAttr
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops.dataset_calls import Function
from tf1x.ops.dataset_value import OUTPUTS, Context, DatasetValue, Element, Run, invalid
from tf1x.ops.resources import Resource, expect, get_or_create, resource_key
from tf1x.ops.shape_rules import nothing, scalar


class IteratorState(Resource):
    """The place in a dataset.

    Attributes:
        handle: by what a string handle names it.
    """

    def __init__(self, handle: str, types: list[DType], shapes: list[TensorShape]) -> None:
        self.handle, self.types, self.shapes = handle, types, shapes
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._context: Context | None = None
        self._ended = False

    def make(self, dataset: DatasetValue) -> None:
        """Begin at the dataset's first element."""
        context = Context()
        run = dataset.start(context)
        old, self._context = self._context, context
        if old is not None:
            old.cancel()
        with self._lock:
            self._run, self._ended = run, False
        # Its threads do not know the iterator, and end when it is gone.
        weakref.finalize(self, context.cancel, wait=False).atexit = False

    def next(self) -> Element | None:
        """The next element, or None at the end."""
        with self._lock:
            if self._run is None:
                raise FailedPreconditionError(
                    None,
                    None,
                    "GetNext() failed because the iterator has not been initialized. Ensure that "
                    "you have run the initializer operation for this iterator before getting the "
                    "next element.",
                )
            element = None if self._ended else self._run.next()
            self._ended = element is None
            return element

    def close_resource(self) -> None:
        if self._context is not None:
            self._context.cancel()
        self._run = None


def _own(value: Any) -> Any:
    """A component that the program may change: a copy of what is a view or read-only."""
    if isinstance(value, np.ndarray) and (value.base is not None or not value.flags.writeable):
        return value.copy()
    return value


def _declared(op: Operation) -> list[Any]:
    return list(op.attrs["output_shapes"])


# -- making iterators ----------------------------------------------------------------------------

_NAMES = {"container": ("str", ""), "shared_name": ("str", "")}


def _state(session: Any, op: Operation) -> IteratorState:
    def make() -> IteratorState:
        return IteratorState(resource_key(op), op.attrs["output_types"], op.attrs["output_shapes"])

    return get_or_create(session, op, IteratorState, make)


def _iterator(*, op: Operation, session: Any) -> IteratorState:
    """An iterator, to be given its dataset by `MakeIterator`."""
    return _state(session, op)


Iterator, IteratorV2 = (
    op(
        "-> handle: resource",
        type=name,
        shape=scalar,
        grad=None,
        host=True,
        stateful=True,
        attrs={**OUTPUTS, **_NAMES},
    )(_iterator)
    for name in ("Iterator", "IteratorV2")
)


@op(
    "-> handle: resource",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    attrs={**OUTPUTS, **_NAMES},
)
def OneShotIterator(
    *, dataset_factory: FuncAttr, op: Operation, session: Any, functions: Any
) -> IteratorState:
    """An iterator over the dataset that `dataset_factory` makes when it is first used."""
    with session._state.lock:
        state = _state(session, op)
        if state._run is None and not state._ended:
            function = Function(op, dataset_factory, [], functions)
            state.make(function(Context(), [])[0])
    return state


@op(
    "dataset: variant, iterator: resource -> ",
    shape=nothing,
    grad=None,
    host=True,
    stateful=True,
    blocking=True,
)
def MakeIterator(dataset: DatasetValue, iterator: Any) -> None:
    """Let the iterator begin at the dataset's first element."""
    expect(iterator, IteratorState).make(dataset)


# -- using them ----------------------------------------------------------------------------------


def _get_next(iterator: Any, *, output_types: list[DType]) -> list[Any]:
    """The components of the next element.

    Raises:
        OutOfRangeError: there are no more.
        FailedPreconditionError: the iterator was not initialised.
        CancelledError: the session was closed meanwhile.
    """
    element = expect(iterator, IteratorState).next()
    if element is None:
        raise OutOfRangeError(None, None, "End of sequence")
    return [_own(c) for c in element]


IteratorGetNext, IteratorGetNextSync = (
    op(
        "iterator: resource -> components: *output_types",
        type=name,
        shape=_declared,
        grad=None,
        host=True,
        stateful=True,
        blocking=True,
        attrs={"output_shapes": OUTPUTS["output_shapes"]},
    )(_get_next)
    for name in ("IteratorGetNext", "IteratorGetNextSync")
)


@op("resource_handle: resource -> string_handle: string", shape=scalar, grad=None, host=True, stateful=True)  # fmt: skip
def IteratorToStringHandle(resource_handle: Any) -> Any:
    """A string that names the iterator within its session."""
    return np.array(expect(resource_handle, IteratorState).handle.encode(), object)


def _from_handle(
    string_handle: Any,
    *,
    output_types: list[DType] = (),  # type: ignore[assignment]
    output_shapes: list[TensorShape] = (),  # type: ignore[assignment]
    session: Any,
) -> IteratorState:
    """The iterator that a string names.

    Raises:
        InvalidArgumentError: there is none, or its elements are of other types.
    """
    if string_handle.ndim:
        raise invalid("string_handle must be a scalar.")
    name = string_handle.item().decode()
    found = session._state.resources.get(name)
    if not isinstance(found, IteratorState):
        raise invalid(f"Could not parse string_handle into a valid iterator of this session: {name!r}")  # fmt: skip
    if output_types and list(output_types) != list(found.types):
        wanted, given = ([t.name for t in types] for types in (output_types, found.types))
        raise invalid(f"The iterator has elements of the types {given}, but {wanted} is expected.")
    for want, have in zip(output_shapes, found.shapes, strict=False):
        if not want.is_compatible_with(have):
            raise invalid(f"The iterator has elements of shape {have}, but {want} is expected.")
    return found


IteratorFromStringHandle, IteratorFromStringHandleV2 = (
    op(
        "string_handle: string -> resource_handle: resource",
        type=name,
        shape=scalar,
        grad=None,
        host=True,
        stateful=True,
    )(_from_handle)
    for name in ("IteratorFromStringHandle", "IteratorFromStringHandleV2")
)


# -- elements that may be missing ----------------------------------------------------------------


class OptionalValue:
    """The components of an element, or nothing."""

    def __init__(self, components: Element | None) -> None:
        self.components = components


@op(
    "iterator: resource -> optional: variant",
    shape=scalar,
    grad=None,
    host=True,
    stateful=True,
    blocking=True,
    attrs=OUTPUTS,
)
def IteratorGetNextAsOptional(iterator: Any) -> OptionalValue:
    """The next element, or nothing at the end."""
    element = expect(iterator, IteratorState).next()
    return OptionalValue(None if element is None else [_own(c) for c in element])


@op("components: *Toutput_types -> optional: variant", shape=scalar, grad=None, host=True)
def OptionalFromValue(components: list[Any]) -> OptionalValue:
    """An element that is there."""
    return OptionalValue(components)


@op("-> optional: variant", shape=scalar, grad=None, host=True)
def OptionalNone() -> OptionalValue:
    """An element that is not there."""
    return OptionalValue(None)


@op("optional: variant -> has_value: bool", shape=scalar, grad=None, host=True)
def OptionalHasValue(optional: OptionalValue) -> Any:
    """Whether it is there."""
    return np.array(optional.components is not None)


@op(
    "optional: variant -> components: *output_types",
    shape=_declared,
    grad=None,
    host=True,
    attrs={"output_shapes": OUTPUTS["output_shapes"]},
)
def OptionalGetValue(optional: OptionalValue, *, output_types: list[DType]) -> list[Any]:
    """The components of an element that is there."""
    if optional.components is None:
        raise invalid("The given optional does not have a value.")
    return optional.components
