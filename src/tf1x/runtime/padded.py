"""A traced program for one size of a dimension, made into one for all sizes up to it.

The program is traced at several sizes. Where the traces differ tells which axes of which values
have the size that varies, and which numbers follow from it. The program for the greatest size is
then built again, on arrays that are padded up to it, with the size itself as an argument:

- what is elementwise computes garbage in the padded places, and nobody looks at it;
- sums, maxima and products of matrices get neutral values there;
- slices that start from the end start from the true end;
- loops over the axis stop at the true size.

A primitive that is not known to be right in this way raises `NotPadded` as soon as a padded array
comes near it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.runtime.equations import is_literal


class NotPadded(Exception):
    """The program is not known to be right on padded arrays."""


class Symbol(NamedTuple):
    """A size that varies: the `which`-th one, plus `offset`."""

    which: int
    offset: int = 0


Factor = int | Symbol


@dataclass(frozen=True)
class Axis:
    """The size of an axis, as a product.

    Attributes:
        factors: the outermost first; a symbol among them means that there is padding.
        free: all values along the axis are equal, so that the factors have no order.
    """

    factors: tuple[Factor, ...]
    free: bool = False

    @property
    def varies(self) -> bool:
        return any(isinstance(f, Symbol) for f in self.factors)

    @property
    def symbol(self) -> Symbol:
        """The one symbol that the size is.

        Raises:
            NotPadded: it is something else.
        """
        if len(self.factors) == 1 and isinstance(self.factors[0], Symbol):
            return self.factors[0]
        raise NotPadded("a product of sizes")

    def size(self, sizes: Sequence[Any]) -> Any:
        return math.prod(factor_size(f, sizes) for f in self.factors)


Axes = tuple[Axis, ...]


def factor_size(factor: Factor, sizes: Sequence[Any]) -> Any:
    return sizes[factor.which] + factor.offset if isinstance(factor, Symbol) else factor


class Value(NamedTuple):
    """A padded array and the sizes of its axes."""

    array: Any
    axes: Axes

    @property
    def varies(self) -> bool:
        return any(axis.varies for axis in self.axes)


class Traces:
    """Sizes at which a program was traced.

    Args:
        sizes: for each trace its sizes. The first has the greatest ones; of the following, one for
            each symbol, each has another size of that symbol; the others serve to verify.
    """

    def __init__(self, sizes: list[tuple[int, ...]]) -> None:
        self.sizes = sizes

    def axis(self, found: Sequence[int], free: bool = False) -> Axis:
        """The axis that has these sizes in the traces.

        Raises:
            NotPadded: there is no such axis.
        """
        axis = Axis(self._factors([int(x) for x in found]), free)
        if [axis.size(s) for s in self.sizes] != [int(x) for x in found]:
            raise NotPadded("sizes that do not follow")
        return axis

    def _factors(self, found: list[int]) -> tuple[Factor, ...]:
        first, greatest = found[0], self.sizes[0]
        varying = [k for k in range(len(greatest)) if found[1 + k] != first]
        if not varying:
            return (first,)
        if len(varying) == 1:
            k = varying[0]
            if first - found[1 + k] == greatest[k] - self.sizes[1 + k][k]:
                return (Symbol(k, first - greatest[k]),)
        rest = first
        for k in varying:
            if rest % greatest[k]:
                raise NotPadded("sizes that do not follow")
            rest //= greatest[k]
        symbols = tuple(Symbol(k) for k in varying)
        return symbols if rest == 1 else (rest, *symbols)

    def number(self, found: list[Any]) -> Callable[[Any], Any]:
        """A scalar that has these values in the traces, as a function of the true sizes."""
        whole = np.asarray(found[0]).dtype.kind in "iu"
        function = self._linear(found) if whole else self._power(found)
        for sizes, value in zip(self.sizes, found, strict=True):
            if not np.isclose(float(function(sizes)), float(value), rtol=1e-5, atol=0):
                raise NotPadded("a number that does not follow")
        return function

    def _linear(self, found: list[Any]) -> Callable[[Any], Any]:
        greatest = self.sizes[0]
        values = [int(x) for x in found]
        varying = [k for k in range(len(greatest)) if values[1 + k] != values[0]]
        if len(varying) != 1:
            return Axis(self._factors(values)).size
        k = varying[0]
        slope, rest = divmod(values[0] - values[1 + k], greatest[k] - self.sizes[1 + k][k])
        if rest:
            raise NotPadded("a number that does not follow")
        start = values[0] - slope * greatest[k]
        return lambda sizes: sizes[k] * slope + start

    def _power(self, found: list[Any]) -> Callable[[Any], Any]:
        greatest = self.sizes[0]
        powers = []
        for k, size in enumerate(greatest):
            ratio = float(found[1 + k]) / float(found[0]) if found[0] else math.nan
            step = self.sizes[1 + k][k] / size
            power = next((p for p in (0, 1, -1) if np.isclose(ratio, step**p, rtol=1e-5)), None)
            if power is None:
                raise NotPadded("a number that does not follow")
            powers.append(power)
        scale = float(found[0]) / math.prod(s**p for s, p in zip(greatest, powers, strict=True))

        def value(sizes: Any) -> Any:
            result: Any = scale
            for k, power in enumerate(powers):
                result = result * sizes[k] if power > 0 else result / sizes[k] if power else result
            return result

        return value


class Padded:
    """Evaluates programs traced at several sizes, on padded arrays.

    Args:
        traces: the sizes.
        sizes: the true sizes, a scalar each (traced).
    """

    def __init__(self, traces: Traces, sizes: Sequence[Any]) -> None:
        self.traces = traces
        self.sizes = sizes

    def run(self, programs: list[Any], arguments: list[Value]) -> list[Value]:
        """The outputs of closed jaxprs that are the same program at the sizes of the traces."""
        jaxprs = [p.jaxpr for p in programs]
        values: dict[Any, Value] = {}
        values.update(zip(jaxprs[0].invars, arguments, strict=True))
        for i, variable in enumerate(jaxprs[0].constvars):
            values[variable] = self._constant([p.consts[i] for p in programs])
        _same({len(j.eqns) for j in jaxprs})
        for equations in zip(*(j.eqns for j in jaxprs), strict=True):
            _same({e.primitive.name for e in equations})
            inputs = [
                self._read(atoms, values)
                for atoms in zip(*(e.invars for e in equations), strict=True)
            ]
            outputs = self.apply(equations, inputs)
            for variables, value in zip(
                zip(*(e.outvars for e in equations), strict=True), outputs, strict=True
            ):
                self._verify(variables, value)
                values[variables[0]] = value
        return [
            self._read(atoms, values) for atoms in zip(*(j.outvars for j in jaxprs), strict=True)
        ]

    def _read(self, atoms: Sequence[Any], values: dict[Any, Value]) -> Value:
        if is_literal(atoms[0]):
            return self._constant([np.asarray(a.val, a.aval.dtype) for a in atoms])
        return values[atoms[0]]

    def _constant(self, found: list[Any]) -> Value:
        """A constant of the traces."""
        arrays = [np.asarray(x) for x in found]
        uniform = all(a.size and _agree(a, a.reshape(-1)[0]) for a in arrays)
        shapes = zip(*(a.shape for a in arrays), strict=True)
        axes = tuple(self.traces.axis(sizes, uniform) for sizes in shapes)
        if all(_agree(a, arrays[0]) for a in arrays[1:]):
            if not uniform and any(len(axis.factors) > 1 for axis in axes if axis.varies):
                raise NotPadded("a constant over a product of sizes")
            return Value(found[0], axes)
        if not uniform:
            raise NotPadded("an array that depends on the size")
        number = self.traces.number([a.reshape(-1)[0] for a in arrays])
        value = jnp.asarray(number(self.sizes)).astype(arrays[0].dtype)
        return Value(jnp.broadcast_to(value, arrays[0].shape), axes)

    def _verify(self, variables: Sequence[Any], value: Value) -> None:
        for variable, sizes in zip(variables, self.traces.sizes, strict=True):
            if tuple(variable.aval.shape) != tuple(a.size(sizes) for a in value.axes):
                raise NotPadded("shapes that do not follow")

    def apply(self, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
        from tf1x.runtime.padded_rules import RULES

        rule = RULES.get(equations[0].primitive.name)
        if rule is not None:
            return rule(self, equations, inputs)
        shapes = [[tuple(v.aval.shape) for v in e.outvars] for e in equations]
        if any(v.varies for v in inputs) or any(s != shapes[0] for s in shapes):
            raise NotPadded(equations[0].primitive.name)
        _same({str(e.params) for e in equations})
        outputs = bind(equations[0], [v.array for v in inputs])
        return [Value(x, constant_axes(np.shape(x))) for x in outputs]

    # -- help for the rules --------------------------------------------------------------------

    def true_size(self, axis: Axis) -> Any:
        return axis.size(self.sizes)

    def inside(self, axis: Axis) -> Any:
        """Which places of an axis are not padding."""
        mask = jnp.ones((1,), bool)
        for factor in axis.factors:
            size = factor_size(factor, self.traces.sizes[0])
            part = jnp.arange(size) < factor_size(factor, self.sizes)
            mask = jnp.logical_and(mask[:, None], part[None, :]).reshape(-1)
        return mask

    def filled(self, value: Value, axes: Sequence[int], fill: Any) -> Any:
        """The array with `fill` in what is padding along any of `axes`."""
        result = value.array
        for i in axes:
            if value.axes[i].varies:
                shape = [1] * len(value.axes)
                shape[i] = -1
                mask = self.inside(value.axes[i]).reshape(shape)
                result = jnp.where(mask, result, jnp.asarray(fill, result.dtype))
        return result

    def axes_of(self, equations: Sequence[Any], output: int = 0, free: bool = True) -> Axes:
        """Axes of an output by its shapes in the traces."""
        shapes = [e.outvars[output].aval.shape for e in equations]
        return tuple(self.traces.axis(sizes, free) for sizes in zip(*shapes, strict=True))


def bind(equation: Any, arrays: list[Any]) -> list[Any]:
    """The outputs of a primitive."""
    params = equation.primitive.get_bind_params(equation.params)
    found = equation.primitive.bind(*arrays, **params)
    return list(found) if equation.primitive.multiple_results else [found]


def constant_axes(shape: Sequence[int]) -> Axes:
    return tuple(Axis((int(size),)) for size in shape)


def joined(first: Axes, second: Axes, traces: Traces) -> Axes:
    """The axes of two values of one shape; of a free axis the order of the other one.

    Raises:
        NotPadded: they have no places in common.
    """
    if len(first) != len(second):
        raise NotPadded("different ranks")
    return tuple(_joined(a, b, traces) for a, b in zip(first, second, strict=True))


def _joined(a: Axis, b: Axis, traces: Traces) -> Axis:
    if a.factors == b.factors:
        return Axis(a.factors, a.free and b.free)
    if [a.size(s) for s in traces.sizes] != [b.size(s) for s in traces.sizes]:
        raise NotPadded("different sizes")
    if a.free or b.free:
        return b if a.free else a
    if not a.varies:
        return a
    raise NotPadded("different orders")


def _agree(a: Any, b: Any) -> bool:
    """Whether two arrays are equal in the places that both have."""
    if b.ndim:
        corner = tuple(slice(min(m, n)) for m, n in zip(a.shape, b.shape, strict=True))
        a, b = a[corner], b[corner]
    equal = a == b
    return bool(np.all(equal | ((a != a) & (b != b)) if a.dtype.kind in "fc" else equal))


def _same(found: set[Any]) -> None:
    if len(found) > 1:
        raise NotPadded("programs of different form")


def shaped_like(function: Callable[..., list[Value]], arguments: list[Value]) -> list[Value]:
    """The outputs of a function as shapes, with their axes; nothing is computed."""
    axes: list[Axes] = []

    def run(*arrays: Any) -> list[Any]:
        found = function([Value(x, a.axes) for x, a in zip(arrays, arguments, strict=True)])
        axes[:] = [v.axes for v in found]
        return [v.array for v in found]

    shapes = jax.eval_shape(run, *(a.array for a in arguments))
    return [Value(s, a) for s, a in zip(shapes, axes, strict=True)]
