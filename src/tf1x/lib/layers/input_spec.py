"""What a layer demands of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tf1x.core import nest
from tf1x.core.dtypes import as_dtype
from tf1x.core.shapes import TensorShape


class InputSpec:
    """Rank, type and shape that an input must have (`tf.layers.InputSpec`).

    Args:
        dtype: the type.
        shape: the dimensions, None for any.
        ndim, max_ndim, min_ndim: the rank, or its bounds.
        axes: the size of single axes, e.g. `{-1: 64}`.
        allow_last_axis_squeeze: a last axis of size 1 may be missing or extra.
        name: the key, where the inputs are a dict.
        optional: whether None is accepted.

    Raises:
        TypeError: keys of `axes` that are not ints.
        ValueError: an axis beyond the rank.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, Any] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = TensorShape(shape).tuple
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (ValueError, TypeError, AttributeError):
            raise TypeError(
                f"Argument `axes` must be a dict with integer keys. Received: axes={axes}"
            ) from None
        largest = self.ndim or self.max_ndim
        if self.axes and largest is not None and max(self.axes) >= largest:
            raise ValueError(
                f"Axis {max(self.axes)} is greater than the maximum allowed value: {largest - 1}"
            )

    def __repr__(self) -> str:
        shown = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        given = [(key, getattr(self, key)) for key in shown]
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in given if value)})"


def check_inputs(spec: Any, inputs: Any, layer_name: str) -> None:
    """Raise unless the inputs are what the specs (one, or a nest, or None) say.

    Raises:
        TypeError: an input without a shape.
        ValueError: another count of inputs, rank, type or shape.
    """
    if not spec:
        return
    specs = nest.flatten(spec)
    flat = _in_order(specs, inputs)
    for x, one in zip(flat, specs, strict=False):
        if one is not None and not hasattr(x, "shape") and not (x is None and one.optional):
            raise TypeError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) as input for layer "
                f"'{layer_name}'."
            )
    if len(flat) != len(specs):
        raise ValueError(
            f'Layer "{layer_name}" expects {len(specs)} input(s), but it received {len(flat)} input '
            f"tensors. Inputs received: {flat}"
        )
    for i, (x, one) in enumerate(zip(flat, specs, strict=True)):
        if one is None or x is None:
            continue
        problem = _problem(x, one)
        if problem:
            raise ValueError(
                f'Input {i} of layer "{layer_name}" is incompatible with the layer: {problem}'
            )


def _in_order(specs: list[Any], inputs: Any) -> list[Any]:
    """The inputs in the order of the specs: by name, where they are a dict and the specs have one."""
    names = [getattr(spec, "name", None) for spec in specs]
    if not isinstance(inputs, Mapping) or not all(names):
        return nest.flatten(inputs)
    for name in names:
        if name not in inputs:
            raise ValueError(
                f'Missing data for input "{name}". You passed a data dictionary with keys '
                f"{list(inputs)}. Expected the following keys: {names}"
            )
    return [inputs[name] for name in names]


def _problem(x: Any, spec: InputSpec) -> str | None:
    """What is wrong with an input, in TensorFlow's words."""
    dims = TensorShape(x.shape).tuple
    if dims is None:
        return None
    received = f"Full shape received: {dims}"
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and len(dims) != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={len(dims)}. {received}"
    if spec.max_ndim is not None and len(dims) > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={len(dims)}"
    if spec.min_ndim is not None and len(dims) < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={len(dims)}. {received}"
    if spec.dtype is not None and as_dtype(x.dtype).name != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={x.dtype}"
    for axis, size in spec.axes.items():
        size = getattr(size, "value", size)
        if size is not None and dims[axis] not in (size, None):
            return (
                f"expected axis {axis} of input shape to have value {size}, but received input with "
                f"shape {dims}"
            )
    if spec.shape is not None and not _fits(dims, spec):
        return f"expected shape={spec.shape}, found shape={dims}"
    return None


def _fits(dims: tuple[int | None, ...], spec: InputSpec) -> bool:
    wanted = spec.shape or ()
    if spec.allow_last_axis_squeeze:
        dims = dims[:-1] if dims and dims[-1] == 1 else dims
        wanted = wanted[:-1] if wanted and wanted[-1] == 1 else wanted
    pairs = zip(wanted, dims, strict=False)
    return all(size is None or dim is None or size == dim for size, dim in pairs)
