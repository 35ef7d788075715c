"""Convolutions of arrays, and their transposes to the input and to the filter.

XLA's convolutions are used where they are fast. On CPU three things are not (measured on two
cores, float32): a depthwise convolution, which takes 10 to 100 times as long as the sum over the
filter's positions; a filter of size 1, 3 to 6 times a matrix product; and the gradient of the
filter where images are large (batch 100, 32x32x64, 3x3x64x64: 285 ms, as products below 110 ms).
Where the native kernels (tf1x/native) are there, they take the dense ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tf1x.native import conv as native
from tf1x.ops.shape_rules import Dims
from tf1x.ops.windows import PADDINGS, check_padding, output_size, pairs, window

# The patches of so many bytes of images are multiplied at once: they should fit in the cache.
_PATCH_BYTES = 12 << 20


@dataclass(frozen=True)
class Geometry:
    """Where the windows of a convolution lie.

    Attributes:
        strides, dilations: for each spatial dimension.
        padding: "SAME", "VALID" or "EXPLICIT".
        around: with "EXPLICIT", (before, after) for each spatial dimension.
        channels_last: NHWC rather than NCHW.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str
    around: tuple[tuple[int, int], ...]
    channels_last: bool

    @classmethod
    def of(
        cls,
        op_type: str,
        strides: Sequence[int],
        padding: str,
        explicit: Sequence[int],
        data_format: str,
        dilations: Sequence[int],
        paddings: Sequence[str] = PADDINGS,
    ) -> Geometry:
        """From an op's attributes, in which every dimension has its number.

        Raises:
            ValueError: they do not describe a convolution.
        """
        rank = len(data_format)
        check_padding(op_type, padding, paddings)
        for what, given in (("stride", strides), ("dilation", dilations)):
            if len(given) != rank:
                raise ValueError(
                    f"{op_type} requires the {what} attribute to contain {rank} values, but got: {len(given)}"
                )
        last = not data_format.startswith("NC")
        spatial = slice(1, -1) if last else slice(2, None)
        around = [(0, 0)] * rank
        if padding == "EXPLICIT":
            around = pairs(explicit, rank)
        elif len(explicit):
            raise ValueError(
                f"explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT, "
                f"but got: {list(explicit)}"
            )
        channel = rank - 1 if last else 1
        if {strides[0], strides[channel], dilations[0], dilations[channel]} != {1}:
            raise ValueError(
                f"{op_type}: strides and dilations of the batch and depth dimensions must be 1, "
                f"got strides={list(strides)}, dilations={list(dilations)}"
            )
        if any((*around[0], *around[channel])):
            raise ValueError(
                "Nonzero explicit padding in the batch or depth dimensions is not supported"
            )
        if min(dilations) <= 0:
            raise ValueError(f"Dilation rate must be > 0, but got {min(dilations)}")
        return cls(
            tuple(strides[spatial]),
            tuple(dilations[spatial]),
            padding,
            tuple(around[spatial]),
            last,
        )

    def parts(self, shape: Sequence[Any]) -> tuple[Any, Sequence[Any], Any]:
        """Batch size, sizes and channels of images of that shape."""
        if self.channels_last:
            return shape[0], shape[1:-1], shape[-1]
        return shape[0], shape[2:], shape[1]

    def whole(self, batch: Any, sizes: Sequence[Any], channels: Any) -> tuple[Any, ...]:
        """The inverse of `parts`."""
        return (batch, *sizes, channels) if self.channels_last else (batch, channels, *sizes)

    def spans(self, kernel: Sequence[int]) -> list[int]:
        """How far the windows of a kernel reach, its gaps counted."""
        return [(k - 1) * d + 1 for k, d in zip(kernel, self.dilations, strict=True)]

    def counts(
        self, sizes: Sequence[int | None], kernel: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """The numbers of windows, None where they depend on what is unknown.

        Raises:
            ValueError: no window fits.
        """
        found = []
        each = zip(sizes, kernel, self.strides, self.dilations, self.around, strict=True)
        for size, k, stride, dilation, edges in each:
            if k is None and self.padding != "SAME":
                found.append(None)
                continue
            span = ((k or 1) - 1) * dilation + 1
            if self.padding != "SAME" and size is not None and size + sum(edges) < span:
                whole = size + sum(edges)
                raise ValueError(
                    f"Negative dimension size caused by subtracting {span} from {whole}"
                )
            found.append(output_size(size, span, stride, self.padding, edges))
        return tuple(found)

    def edges(self, sizes: Sequence[int], kernel: Sequence[int]) -> list[tuple[int, int]]:
        """How many zeros the windows cover before and after each spatial dimension.

        The second number is negative where the last elements are in no window.
        """
        found = []
        each = zip(sizes, self.spans(kernel), self.strides, self.around, strict=True)
        for size, span, stride, around in each:
            w = window(0, size, span, stride, self.padding, around)
            found.append((w.before, (w.count - 1) * stride + span - size - w.before))
        return found


def output_dims(geometry: Geometry, x: Sequence[Any], w: Sequence[Any]) -> tuple[Any, ...]:
    """The shape of the convolution of shapes `x` and `w` (channels in, channels out last).

    Raises:
        ValueError: they do not fit together.
    """
    batch, sizes, channels = geometry.parts(x)
    *kernel, depth, out = w
    if channels is not None and depth is not None and channels != depth:
        if not channels or not depth:
            raise ValueError("Depth of input and filter must not be 0")
        if channels % depth:
            raise ValueError(
                f"Depth of input ({channels}) is not a multiple of input depth of filter ({depth})"
            )
        groups = channels // depth
        if out is not None and out % groups:
            raise ValueError(
                f"Depth of output ({out}) is not a multiple of the number of groups ({groups})"
            )
    return geometry.whole(batch, geometry.counts(sizes, kernel), out)


def check_gradient(geometry: Geometry, expected: Dims, actual: Sequence[int]) -> None:
    """Raises ValueError unless the gradient of an output has the output's shape."""
    if tuple(actual) != expected:
        raise ValueError(
            f"Size of out_backprop doesn't match computed: actual = {list(actual)}, "
            f"computed = {list(expected or ())}"
        )


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


# -- pieces of images, channels last ---------------------------------------------------------------


def channels_last(geometry: Geometry, x: Any) -> Any:
    return x if geometry.channels_last else jnp.moveaxis(x, 1, -1)


def channels_back(geometry: Geometry, x: Any) -> Any:
    """The inverse of `channels_last`."""
    return x if geometry.channels_last else jnp.moveaxis(x, -1, 1)


def _padded(x: Any, edges: Sequence[tuple[int, int]]) -> Any:
    if not any(map(any, edges)):
        return jnp.asarray(x)
    return lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in edges), (0, 0, 0)])


def _every(x: Any, axis: int, start: int, count: int, stride: int) -> Any:
    """`count` slices of `x`, `stride` apart, from `start`."""
    return lax.slice_in_dim(x, start, start + (count - 1) * stride + 1, stride, axis)


def _pieces(
    x: Any, geometry: Geometry, kernel: Sequence[int], counts: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """For each position within a window its index, and the elements of padded `x` there.

    The kernel may have fewer dimensions than the images: the last ones stay whole.
    """
    for index in np.ndindex(*kernel):
        piece = x
        for axis, i in enumerate(index):
            start = i * geometry.dilations[axis]
            piece = _every(piece, axis + 1, start, counts[axis], geometry.strides[axis])
        yield index, piece


# -- dense -----------------------------------------------------------------------------------------


def _numbers(geometry: Geometry) -> tuple[str, str, str]:
    space = "DHW"[-len(geometry.strides) :]
    images = f"N{space}C" if geometry.channels_last else f"NC{space}"
    return images, f"{space}IO", images


def _is_product(geometry: Geometry, w: Sequence[int], channels: int) -> bool:
    """Whether each output depends on one pixel."""
    inside = not any(map(any, geometry.around))
    return geometry.channels_last and inside and set(w[:-2]) == {1} and channels == w[-2]


def _native(
    function: Any, geometry: Geometry, x: Sequence[int], w: Sequence[int], dtype: Any
) -> native.Windows | None:
    """The windows as a native kernel takes them, if it suits images and a filter of that shape."""
    if not (geometry.channels_last and native.suits(function, x, w, dtype)):
        return None
    before = tuple(edge for edge, _ in geometry.edges(x[1:-1], w[:-2]))
    return native.Windows(geometry.strides, geometry.dilations, before)


def convolve(geometry: Geometry, x: Any, w: Any) -> Any:
    """The convolution of images with a filter (kernel, channels in, channels out)."""
    shape = output_dims(geometry, x.shape, w.shape)
    _, sizes, channels = geometry.parts(x.shape)
    _, counts, _ = geometry.parts(shape)
    if 0 in (*shape, channels):
        return jnp.zeros(shape, x.dtype)
    if _is_product(geometry, w.shape, channels):
        for axis, (count, stride) in enumerate(zip(counts, geometry.strides, strict=True)):
            x = _every(x, axis + 1, 0, count, stride)
        return jnp.matmul(x, w.reshape(w.shape[-2:]))
    windows = _native(native.forward, geometry, x.shape, w.shape, x.dtype)
    if windows is not None:
        return native.forward(windows, shape, x, w)
    return lax.conv_general_dilated(
        x,
        w,
        geometry.strides,
        geometry.edges(sizes, w.shape[:-2]),
        rhs_dilation=geometry.dilations,
        dimension_numbers=_numbers(geometry),
        feature_group_count=channels // w.shape[-2],
    )


def _turned(w: Any, groups: int) -> Any:
    """The filter that takes outputs back to inputs: mirrored, its channels exchanged."""
    *kernel, depth, out = w.shape
    w = lax.rev(w, range(len(kernel)))
    w = w.reshape(*kernel, depth, groups, out // groups)
    w = jnp.moveaxis(w, -1, -3)  # kernel, channels out of a group, channels in, groups
    return jnp.swapaxes(w, -1, -2).reshape(*kernel, out // groups, groups * depth)


def to_input(geometry: Geometry, shape: Sequence[int], w: Any, g: Any) -> Any:
    """The transpose of `convolve` to the images, whose shape is given.

    Raises:
        ValueError: `g` is not of the shape of the convolution's result.
    """
    check_gradient(geometry, output_dims(geometry, shape, w.shape), g.shape)
    _, sizes, channels = geometry.parts(shape)
    _, counts, _ = geometry.parts(g.shape)
    if 0 in (*shape, *g.shape):
        return jnp.zeros(shape, g.dtype)
    kernel = w.shape[:-2]
    reached = [(count - 1) * s + 1 for count, s in zip(counts, geometry.strides, strict=True)]
    if _is_product(geometry, w.shape, channels):
        x = jnp.matmul(g, w.reshape(w.shape[-2:]).T)
        after = [
            (0, size - end, s - 1)
            for size, end, s in zip(sizes, reached, geometry.strides, strict=True)
        ]
        return lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), *after, (0, 0, 0)])
    windows = _native(native.images_gradient, geometry, shape, w.shape, g.dtype)
    if windows is not None:
        return native.images_gradient(windows, tuple(shape), w, g)
    edges = []
    each = zip(sizes, geometry.spans(kernel), geometry.edges(sizes, kernel), reached, strict=True)
    for size, span, (before, _), end in each:
        start = span - 1 - before
        edges.append((start, size + span - 1 - end - start))
    groups = channels // w.shape[-2]
    return lax.conv_general_dilated(
        g,
        _turned(jnp.asarray(w), groups),
        [1] * len(kernel),
        edges,
        lhs_dilation=geometry.strides,
        rhs_dilation=geometry.dilations,
        dimension_numbers=_numbers(geometry),
        feature_group_count=groups,
    )


def to_filter(geometry: Geometry, x: Any, shape: Sequence[int], g: Any) -> Any:
    """The transpose of `convolve` to the filter, whose shape is given.

    Raises:
        ValueError: `g` is not of the shape of the convolution's result.
    """
    check_gradient(geometry, output_dims(geometry, x.shape, shape), g.shape)
    if 0 in (*x.shape, *shape, *g.shape):
        return jnp.zeros(shape, g.dtype)
    windows = _native(native.filter_gradient, geometry, x.shape, shape, g.dtype)
    if windows is not None:
        return native.filter_gradient(windows, tuple(shape), x, g)
    _, _, channels = geometry.parts(x.shape)
    _, counts, _ = geometry.parts(g.shape)
    # Few windows and large kernels suit XLA's own convolution.
    many = np.prod(counts) >= 4 * np.prod(shape[:-2]) or g.dtype == np.float64
    if _on_cpu() and many and channels == shape[-2] and g.dtype.itemsize >= 4:
        return _products(geometry, channels_last(geometry, x), shape, channels_last(geometry, g))
    like = jax.ShapeDtypeStruct(tuple(shape), g.dtype)
    (result,) = jax.linear_transpose(lambda w: convolve(geometry, x, w), like)(jnp.asarray(g))
    return result


def _products(geometry: Geometry, x: Any, shape: Sequence[int], g: Any) -> Any:
    """`to_filter` as matrix products, one for each row of the kernel; channels are last.

    As many images are taken at a time as fit in the cache together with their patches.
    """
    *outer, width, channels, out = shape
    batch, *counts, _ = g.shape
    edges = geometry.edges(x.shape[1:-1], shape[:-2])

    def part(x: Any, g: Any) -> Any:
        x, stride, step = _padded(x, edges), geometry.strides[-1], geometry.dilations[-1]
        along = [_every(x, x.ndim - 2, j * step, counts[-1], stride) for j in range(width)]
        rows = along[0] if width == 1 else jnp.concatenate(along, -1)
        g = g.reshape(-1, out)
        products = [
            piece.reshape(-1, width * channels).T @ g
            for _, piece in _pieces(rows, geometry, outer, counts)
        ]
        return products[0] if len(products) == 1 else jnp.concatenate(products)

    patch = int(np.prod(counts) * np.prod(shape[:-1])) * g.dtype.itemsize
    times = min(batch, -(-batch * patch // _PATCH_BYTES))
    size = -(-batch // times)
    if times == 1:
        return part(x, g).reshape(shape)
    x, g = jnp.asarray(x), jnp.asarray(g)

    def add(i: Any, total: Any) -> Any:
        return total + part(*(lax.dynamic_slice_in_dim(v, i * size, size) for v in (x, g)))

    whole = batch // size
    rest = batch - whole * size
    start = part(x[-rest:], g[-rest:]) if rest else jnp.zeros((np.prod(shape[:-1]), out), g.dtype)
    return lax.fori_loop(0, whole, add, start).reshape(shape)


# -- depthwise -------------------------------------------------------------------------------------


def depthwise_dims(geometry: Geometry, x: Sequence[Any], w: Sequence[Any]) -> tuple[Any, ...]:
    """The shape of the depthwise convolution of shapes `x` and `w` (channels, multiplier last).

    Raises:
        ValueError: they do not fit together.
    """
    batch, sizes, channels = geometry.parts(x)
    *kernel, depth, multiplier = w
    if channels is not None and depth is not None and channels != depth:
        raise ValueError(f"Dimensions must be equal, but are {channels} and {depth}")
    depth = channels if depth is None else depth
    out = None if depth is None or multiplier is None else depth * multiplier
    return geometry.whole(batch, geometry.counts(sizes, kernel), out)


def depthwise(geometry: Geometry, x: Any, w: Any) -> Any:
    """Each channel convolved with its own filters: w is (kernel, channels, multiplier)."""
    shape = depthwise_dims(geometry, x.shape, w.shape)
    if 0 in (*shape, *w.shape):
        return jnp.zeros(shape, x.dtype)
    _, counts, out = geometry.parts(shape)
    *kernel, channels, _ = w.shape
    edges = geometry.edges(geometry.parts(x.shape)[1], kernel)
    if not _on_cpu():
        return lax.conv_general_dilated(
            x,
            w.reshape(*kernel, 1, out),
            geometry.strides,
            edges,
            rhs_dilation=geometry.dilations,
            dimension_numbers=_numbers(geometry),
            feature_group_count=channels,
        )
    total: Any = 0
    x = _padded(channels_last(geometry, x), edges)
    for index, piece in _pieces(x, geometry, kernel, counts):
        total = total + _multiplied(piece, w[index])
    return channels_back(geometry, total)


def _multiplied(piece: Any, w: Any) -> Any:
    """Channels times (channels, multiplier), flattened."""
    channels, multiplier = w.shape
    if multiplier == 1:
        return piece * w.reshape(-1)
    return (piece[..., None] * w).reshape(*piece.shape[:-1], channels * multiplier)


def depthwise_to_input(geometry: Geometry, shape: Sequence[int], w: Any, g: Any) -> Any:
    """The transpose of `depthwise` to the images, whose shape is given.

    Raises:
        ValueError: `g` is not of the shape of the convolution's result.
    """
    check_gradient(geometry, depthwise_dims(geometry, shape, w.shape), g.shape)
    like = jax.ShapeDtypeStruct(tuple(shape), g.dtype)
    (result,) = jax.linear_transpose(lambda x: depthwise(geometry, x, w), like)(jnp.asarray(g))
    return result


def depthwise_to_filter(geometry: Geometry, x: Any, shape: Sequence[int], g: Any) -> Any:
    """The transpose of `depthwise` to the filter, whose shape is given.

    Raises:
        ValueError: `g` is not of the shape of the convolution's result.
    """
    check_gradient(geometry, depthwise_dims(geometry, x.shape, shape), g.shape)
    if 0 in (*x.shape, *shape, *g.shape):
        return jnp.zeros(shape, g.dtype)
    if not _on_cpu():
        like = jax.ShapeDtypeStruct(tuple(shape), g.dtype)
        (result,) = jax.linear_transpose(lambda w: depthwise(geometry, x, w), like)(jnp.asarray(g))
        return result
    *kernel, channels, multiplier = shape
    x, g = channels_last(geometry, x), channels_last(geometry, g)
    counts = g.shape[1:-1]
    x = _padded(x, geometry.edges(x.shape[1:-1], kernel))
    g = g.reshape(*g.shape[:-1], channels, multiplier)
    axes = tuple(range(len(counts) + 1))
    sums = [
        jnp.sum(piece[..., None] * g, axes, dtype=g.dtype)
        for _, piece in _pieces(x, geometry, kernel, counts)
    ]
    return jnp.stack(sums).reshape(shape)
