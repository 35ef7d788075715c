"""One program for all sizes of a bucket, where batches come in ever new sizes.

A segment is compiled for the shapes of its inputs. Where a loop runs over an axis of them, as
`dynamic_rnn` does over time, that is expensive, and data seldom come in one length. So when a
segment with a loop has seen a third size of an axis, its program is made anew for all sizes above
one power of two up to the next (padded.py); where that is not known to be right, it is compiled for
each size as before. See docs/decisions/0008.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from tf1x.core.errors import OpError
from tf1x.ops import xp
from tf1x.ops.functional import LOOPS
from tf1x.runtime import precision, xla
from tf1x.runtime.compile import Compiled, Segment
from tf1x.runtime.counted import Needed
from tf1x.runtime.padded import (
    Axes,
    Axis,
    NotPadded,
    Padded,
    Symbol,
    Traces,
    Value,
    constant_axes,
    factor_size,
)
from tf1x.runtime.state import State

# Shapes of the inputs.
Signature = tuple[tuple[int, ...], ...]

# Smaller sizes have a program each: with fewer steps a loop may take another form.
_SMALLEST = 5
_DIFFERENT = 3
_REMEMBERED = 64
# After so many refusals a segment is not tried again.
_ATTEMPTS = 3


class Layout:
    """Which axes of a segment's inputs vary together, and how far.

    Attributes:
        axes: of each input.
        greatest: the sizes that there is room for; more than half of each is used.
    """

    def __init__(self, axes: list[Axes], greatest: tuple[int, ...]) -> None:
        self.axes = axes
        self.greatest = greatest

    @staticmethod
    def of(seen: list[Signature], signature: Signature) -> Layout | None:
        """The layout for `signature`, after those in `seen`; None if no axis varies enough."""
        groups: list[tuple[np.ndarray[Any, Any], int]] = []
        found: list[Axes] = []
        for i, shape in enumerate(signature):
            axes: list[Axis] = []
            for j, size in enumerate(shape):
                column = np.array([s[i][j] for s in seen] + [size])
                if size < _SMALLEST or len(set(column.tolist())) < _DIFFERENT:
                    axes.append(Axis((size,)))
                    continue
                for k, (other, base) in enumerate(groups):
                    if len(set((column - other).tolist())) == 1:
                        axes.append(Axis((Symbol(k, size - base),)))
                        break
                else:
                    axes.append(Axis((Symbol(len(groups)),)))
                    groups.append((column, size))
            found.append(tuple(axes))
        if not groups:
            return None
        return Layout(found, tuple(1 << (base - 1).bit_length() for _, base in groups))

    def sizes(self, signature: Signature) -> tuple[int, ...] | None:
        """The sizes that a signature has; None where it is another one."""
        found: dict[int, int] = {}
        if len(signature) != len(self.axes):
            return None
        for shape, axes in zip(signature, self.axes, strict=True):
            if len(shape) != len(axes):
                return None
            for size, axis in zip(shape, axes, strict=True):
                factor = axis.factors[0]
                if not isinstance(factor, Symbol):
                    if size != factor:
                        return None
                elif found.setdefault(factor.which, size - factor.offset) != size - factor.offset:
                    return None
        sizes = tuple(found[k] for k in range(len(self.greatest)))
        inside = all(g // 2 < s <= g for s, g in zip(sizes, self.greatest, strict=True))
        return sizes if inside else None

    def traces(self, sizes: tuple[int, ...]) -> Traces:
        """At which sizes to trace: greatest, least of each, and one between that must agree."""
        greatest = self.greatest
        least = [
            tuple(g // 2 + 1 if i == k else g for i, g in enumerate(greatest))
            for k in range(len(greatest))
        ]
        between = tuple(
            s if g // 2 + 1 < s < g else g * 3 // 4 for s, g in zip(sizes, greatest, strict=True)
        )
        return Traces([greatest, *least, between])


class PaddedSegment(Compiled):
    """A segment compiled for all sizes of a layout."""

    def __init__(self, layout: Layout, *args: Any) -> None:
        self._layout = layout
        self._outputs: dict[int, Axes] = {}
        super().__init__(*args)

    def _signature(self, inputs: Sequence[Any]) -> Signature:
        return tuple([x.shape for x in inputs])

    def _compile(self, state: State, inputs: Sequence[Any]) -> Callable[..., Any]:
        from jax.extend.core import jaxpr_as_fun

        sizes = self._layout.sizes(self._signature(inputs))
        assert sizes is not None
        traces = self._layout.traces(sizes)
        arguments = self.arguments(state, inputs)[:-1]
        programs, notes = [], []
        for other in reversed(traces.sizes):  # the greatest last: what it notes stays
            programs.append(self._program(state, inputs, arguments, other))
            notes.append((
                self.blocks, self.checks, self.writes, self.recovered, self.undo, list(self.static)
            ))  # fmt: skip
        same = all(note == notes[0] for note in notes)
        if not same or self._lists:
            raise NotPadded("segments of different form")
        axes = [*self._layout.axes, *(constant_axes(np.shape(x)) for x in arguments[len(inputs) :])]
        found: list[Axes] = []

        def run(*flat: Any) -> list[Any]:
            *arrays, true = flat
            padded = Padded(traces, [true[k] for k in range(len(sizes))])
            values = [Value(x, a) for x, a in zip(arrays, axes, strict=True)]
            results = padded.run(programs[::-1], values)
            found[:] = [v.axes for v in results]
            count = len(self.segment.outputs) - len(self.static)
            given = [v.array for v in results]
            return [*given[:count], true, *given[count:]]

        struct: Any = jax.ShapeDtypeStruct
        specs = [struct(np.shape(x), x.dtype) for x in [*arguments, np.array(sizes, np.int32)]]
        jaxpr = jax.make_jaxpr(run)(*specs)
        self._note(found)
        return xla.compiled(jaxpr_as_fun(precision.chosen(jaxpr)), specs, self._donated())

    def _program(
        self, state: State, inputs: Sequence[Any], arguments: list[Any], sizes: tuple[int, ...]
    ) -> Any:
        """The segment as a closed jaxpr at other sizes of its inputs."""
        blank = [
            np.broadcast_to(np.zeros((), x.dtype), [a.size(sizes) for a in axes])
            for x, axes in zip(inputs, self._layout.axes, strict=True)
        ]
        struct: Any = jax.ShapeDtypeStruct
        given = [*blank, *arguments[len(inputs) :]]
        specs = [struct(np.shape(x), x.dtype) for x in given]
        before = self.static
        program = jax.make_jaxpr(lambda *flat: self._trace(state, blank, flat))(*specs)
        for i, value in before.items():
            if i in self.static and not np.array_equal(value, self.static[i]):
                raise NotPadded("an output that follows from the size")
        return program

    def _note(self, found: list[Axes]) -> None:
        """Which outputs are padded; variables must not be."""
        outputs = [i for i in range(len(self.segment.outputs)) if i not in self.static]
        written = found[len(outputs) : len(outputs) + len(self.writes)]
        if any(axis.varies for axes in written for axis in axes):
            raise NotPadded("a variable of varying shape")
        self._outputs = {
            i: axes
            for i, axes in zip(outputs, found, strict=False)
            if any(axis.varies for axis in axes)
        }

    def arguments(self, state: State, inputs: Sequence[Any]) -> list[Any]:
        sizes = self._layout.sizes(self._signature(inputs))
        padded = [self._padded(x, a) for x, a in zip(inputs, self._layout.axes, strict=True)]
        return [*super().arguments(state, padded), np.array(sizes, np.int32)]

    def _padded(self, value: Any, axes: Axes) -> Any:
        shape = tuple([axis.size(self._layout.greatest) for axis in axes])
        if shape == value.shape:
            return value
        array = np.zeros(shape, value.dtype)
        array[tuple([slice(n) for n in value.shape])] = np.asarray(value)
        return array

    def outputs(self, results: Sequence[Any]) -> list[Any]:
        values = list(super().outputs(results))
        if self._outputs:
            count = len(self.segment.outputs) - len(self.static)
            sizes = np.asarray(results[count]).tolist()
            for i, axes in self._outputs.items():
                values[i] = self._cut(np.asarray(values[i]), axes, sizes)
        return values

    def _cut(self, array: Any, axes: Axes, sizes: Sequence[int]) -> Any:
        """The array without its padding."""
        factors = [f for axis in axes for f in axis.factors]
        array = array.reshape([factor_size(f, self._layout.greatest) for f in factors])
        array = array[tuple(slice(factor_size(f, sizes)) for f in factors)]
        return array.reshape([axis.size(sizes) for axis in axes])


class Buckets:
    """The programs of one segment for many sizes."""

    def __init__(self, segment: Segment) -> None:
        self._suits = any(op.type in LOOPS for op in segment.ops)
        self._seen: list[Signature] = []
        self.programs: list[tuple[Layout, PaddedSegment]] = []
        self._refused: list[Layout] = []

    def find(self, signature: Any) -> PaddedSegment | None:
        """The program that takes inputs of these shapes."""
        for layout, program in self.programs:
            if layout.sizes(signature) is not None:
                return program
        return None

    def make(self, signature: Any, inputs: Sequence[Any], *args: Any) -> PaddedSegment | None:
        """A new program for inputs of these shapes and others, or None."""
        if not self._suits or len(self._refused) >= _ATTEMPTS:
            return None
        alike = [s for s in self._seen if [len(x) for x in s] == [len(x) for x in signature]]
        if signature not in self._seen:
            self._seen = [*self._seen[-_REMEMBERED:], signature]
        layout = Layout.of(alike, signature)
        if layout is None or any(r.sizes(signature) is not None for r in self._refused):
            return None
        try:
            program = PaddedSegment(layout, *args)
        except (NotPadded, Needed, xp.StaticValueNeeded, OpError, TypeError, ValueError):
            self._refused.append(layout)
            return None
        self.programs.append((layout, program))
        return program

    def clear(self) -> None:
        """Forget the programs."""
        self.programs.clear()
