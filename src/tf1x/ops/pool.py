"""Pooling ops: the maximum or the mean of each window, and their gradients.

Layouts need no transposition: a window has a size along every dimension, in the order of
`data_format`. So channels-first inputs, which TensorFlow pools on GPUs only, and windows over
channels work too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.core.dtypes import (
    FLOATS,
    INDICES,
    REALS,
    DType,
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
)
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.native import pool as native
from tf1x.ops import array, xp
from tf1x.ops.shape_rules import Dims, dims, like, with_rank
from tf1x.ops.windows import (
    PADDINGS,
    Window,
    check_padding,
    counts,
    first_maxima,
    maxima,
    output_size,
    pairs,
    sums,
    taken,
    to_all,
    to_first_maxima,
    windows,
)

_MAX_TYPES = (float16, bfloat16, float32, float64, int32, int64, uint8, int16, int8, uint16)
_MAX_3D_TYPES = (float16, bfloat16, float32)
_BOTH_WAYS = PADDINGS[:2]

# -- shapes --------------------------------------------------------------------------------------


def _pooled_dims(op: Operation, shape: Dims, sizes: Any, strides: Any) -> Dims:
    """The shape of the windows of an input of that shape."""
    rank = 5 if "3D" in op.type else 4
    lengths = with_rank(shape, rank)
    padding = op.attrs["padding"]
    check_padding(op.type, padding, PADDINGS if "explicit_paddings" in op.attrs else _BOTH_WAYS)
    if op.attrs.get("data_format") == "NCHW_VECT_C":
        raise UnsupportedError(
            f"{op.type} with data_format='NCHW_VECT_C' (int8 in blocks of four channels) is not "
            f"supported: use 'NHWC' or 'NCHW'."
        )
    around = [(0, 0)] * rank
    if padding == "EXPLICIT":
        around = pairs(op.attrs["explicit_paddings"], rank)
        channel = 1 if op.attrs["data_format"].startswith("NC") else rank - 1
        if any(around[0]) or any(around[channel]):
            raise ValueError(
                "Nonzero explicit padding in the batch or depth dimensions is not supported"
            )
    for what, given in (("ksize", sizes), ("strides", strides)):
        if given is not None and len(given) != rank:
            raise ValueError(
                f"{op.type} requires the {what} attribute to contain {rank} values, but got: {len(given)}"
            )
    if sizes is None or strides is None:
        return (None,) * rank
    each = zip(lengths, map(int, sizes), map(int, strides), around, strict=True)
    return tuple(output_size(n, k, s, padding, edges) for n, k, s, edges in each)


def _pooled(op: Operation) -> Any:
    """Every output has one element a window of input 0."""
    shape = _pooled_dims(op, dims(op), op.attrs["ksize"], op.attrs["strides"])
    return [shape] * len(op.opdef.outputs)


def _pooled_by_inputs(op: Operation) -> Any:
    """As `_pooled`, with the last two inputs for the attributes."""
    sizes, strides = (constant_value(t) for t in op.inputs[-2:])
    return [_pooled_dims(op, dims(op), sizes, strides)]


def _same_as_output(op: Operation) -> Any:
    return [op.inputs[1].shape]


def _shape_input(op: Operation) -> Any:
    return [constant_value_as_shape(op.inputs[0])]


# -- gradients -----------------------------------------------------------------------------------

_ATTRS = (
    "ksize",
    "strides",
    "padding",
    "explicit_paddings",
    "data_format",
    "include_batch_in_index",
)


def _attributes(op: Operation, of: Callable[..., Any]) -> dict[str, Any]:
    """The attributes of `op` that describe its windows, those that the op `of` has too."""
    known = of.opdef.attrs  # type: ignore[attr-defined]
    return {name: op.attrs[name] for name in _ATTRS if name in op.attrs and name in known}


def _max_gradient(op: Operation, grad: Tensor) -> Any:
    node = MaxPool3DGrad if "3D" in op.type else MaxPoolGrad
    return [node(op.inputs[0], op.outputs[0], grad, **_attributes(op, node))]


def _zeros_and(op: Operation, last: Any) -> list[Any]:
    """Gradients of a gradient op: the two arrays that say where the maxima are get zeros."""
    return [array.zeros_like(op.inputs[0]), array.zeros_like(op.inputs[1]), last]


def _max_grad_gradient(op: Operation, grad: Tensor) -> Any:
    node = MaxPool3DGradGrad if "3D" in op.type else MaxPoolGradGrad
    return _zeros_and(op, node(op.inputs[0], op.inputs[1], grad, **_attributes(op, node)))


def _max_grad_grad_gradient(op: Operation, grad: Tensor) -> Any:
    node = MaxPool3DGrad if "3D" in op.type else MaxPoolGrad
    return _zeros_and(op, node(op.inputs[0], op.inputs[1], grad, **_attributes(op, node)))


def _max_v2_gradient(op: Operation, grad: Tensor) -> Any:
    x, *geometry = op.inputs
    attrs = _attributes(op, MaxPoolGradV2)
    return [MaxPoolGradV2(x, op.outputs[0], grad, *geometry, **attrs), None, None]


def _max_grad_v2_gradient(op: Operation, grad: Tensor) -> Any:
    x, y, _, *geometry = op.inputs
    node = MaxPoolGradGradV2(x, y, grad, *geometry, **_attributes(op, MaxPoolGradGradV2))
    return [*_zeros_and(op, node), None, None]


def _argmax_gradient(op: Operation, grad: Tensor, _: Any) -> Any:
    attrs = _attributes(op, MaxPoolGradWithArgmax)
    return [MaxPoolGradWithArgmax(op.inputs[0], grad, op.outputs[1], **attrs)]


def _avg_gradient(op: Operation, grad: Tensor) -> Any:
    node = AvgPool3DGrad if "3D" in op.type else AvgPoolGrad
    return [node(array.shape(op.inputs[0]), grad, **_attributes(op, node))]


def _avg_grad_gradient(op: Operation, grad: Tensor) -> Any:
    node = AvgPool3D if "3D" in op.type else AvgPool
    return [None, node(grad, **_attributes(op, node))]


# The same gradients on values, for functions that are differentiated as a whole (loops).


def _windows_of(shape: Sequence[int], attrs: dict[str, Any]) -> list[Window]:
    explicit = attrs.get("explicit_paddings", ())
    return windows(shape, attrs["ksize"], attrs["strides"], attrs["padding"], explicit)


def _max_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    return [_max_pool_grad(inputs[0], cotangents[0], _windows_of(inputs[0].shape, attrs))]


def _avg_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    return [_avg_pool_grad(cotangents[0], _windows_of(inputs[0].shape, attrs))]


# -- maxima --------------------------------------------------------------------------------------


def _native(x: Any, over: list[Window]) -> native.Windows | None:
    """The windows as the native kernels take them, if they suit."""
    if not (xp.is_jax(x) and native.suits(x.shape, x.dtype) and {w.axis for w in over} <= {1, 2}):
        return None
    both = [Window(axis, x.shape[axis], 1, 1, x.shape[axis], 0) for axis in (1, 2)]
    for w in over:
        both[w.axis - 1] = w
    pairs = (tuple(getattr(w, name) for w in both) for name in ("size", "stride", "before"))
    return native.Windows(*pairs)  # type: ignore[arg-type]


def _max_pool(x: Any, over: list[Window]) -> Any:
    found = _native(x, over)
    if found is None:
        return maxima(x, over)
    counts = {1: x.shape[1], 2: x.shape[2]} | {w.axis: w.count for w in over}
    return native.maxima(found, (counts[1], counts[2]), x, lambda x: maxima(x, over))


def _max_pool_grad(x: Any, grad: Any, over: list[Window]) -> Any:
    def plain(x: Any, grad: Any) -> Any:
        return to_first_maxima(grad, over, first_maxima(x, over))

    found = _native(x, over)
    return plain(x, grad) if found is None else native.gradient(found, x, grad, plain)


def _max_pool_grad_grad(x: Any, grad: Any, over: list[Window]) -> Any:
    return taken(grad, over, first_maxima(x, over))


@op(
    "input: T -> output: T",
    T=(_MAX_TYPES, float32),
    shape=_pooled,
    grad=_max_gradient,
    vjp=_max_rule,
    exact=True,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPool(
    input: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    explicit_paddings: list[int] = (),  # type: ignore[assignment]
) -> Any:
    """The maximum of each window of a batch of images.

    Args:
        ksize, strides: the windows' sizes and distances along the four dimensions.
        padding: "VALID" (windows inside only), "SAME" (as many as there are strides in the image)
            or "EXPLICIT" with `explicit_paddings`, (before, after) for each dimension in one list.
    """
    return _max_pool(input, windows(input.shape, ksize, strides, padding, explicit_paddings))


@op(
    "orig_input: T, orig_output: T, grad: T -> output: T",
    T=(REALS, float32),
    shape=like(0),
    grad=_max_grad_gradient,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPoolGrad(
    orig_input: Any,
    orig_output: Any,
    grad: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    explicit_paddings: list[int] = (),  # type: ignore[assignment]
) -> Any:
    """The gradient of `MaxPool`: each window's goes to the first of its maxima in row-major order."""
    over = windows(orig_input.shape, ksize, strides, padding, explicit_paddings)
    return _max_pool_grad(orig_input, grad, over)


@op(
    "orig_input: T, orig_output: T, grad: T -> output: T",
    T=REALS,
    shape=_same_as_output,
    grad=_max_grad_grad_gradient,
    exact=True,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPoolGradGrad(
    orig_input: Any,
    orig_output: Any,
    grad: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
) -> Any:
    """Of `grad`, which is like the input, what stands where the first maximum of each window is."""
    return _max_pool_grad_grad(orig_input, grad, windows(orig_input.shape, ksize, strides, padding))


def _geometry(ksize: Any, strides: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return xp.static_shape(ksize), xp.static_shape(strides)


@op(
    "input: T, ksize: int32, strides: int32 -> output: T",
    T=(_MAX_TYPES, float32),
    shape=_pooled_by_inputs,
    grad=_max_v2_gradient,
    exact=True,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPoolV2(input: Any, ksize: Any, strides: Any, *, padding: str) -> Any:
    """`MaxPool` with windows given by tensors."""
    return _max_pool(input, windows(input.shape, *_geometry(ksize, strides), padding))


@op(
    "orig_input: T, orig_output: T, grad: T, ksize: int32, strides: int32 -> output: T",
    T=(REALS, float32),
    shape=like(0),
    grad=_max_grad_v2_gradient,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPoolGradV2(
    orig_input: Any, orig_output: Any, grad: Any, ksize: Any, strides: Any, *, padding: str
) -> Any:
    """`MaxPoolGrad` with windows given by tensors."""
    over = windows(orig_input.shape, *_geometry(ksize, strides), padding)
    return _max_pool_grad(orig_input, grad, over)


@op(
    "orig_input: T, orig_output: T, grad: T, ksize: int32, strides: int32 -> output: T",
    T=REALS,
    shape=_same_as_output,
    exact=True,
    attrs={"data_format": ("str", "NHWC")},
)
def MaxPoolGradGradV2(
    orig_input: Any, orig_output: Any, grad: Any, ksize: Any, strides: Any, *, padding: str
) -> Any:
    """`MaxPoolGradGrad` with windows given by tensors."""
    over = windows(orig_input.shape, *_geometry(ksize, strides), padding)
    return _max_pool_grad_grad(orig_input, grad, over)


@op(
    "input: T -> output: T",
    T=_MAX_3D_TYPES,
    shape=_pooled,
    grad=_max_gradient,
    vjp=_max_rule,
    exact=True,
    attrs={"data_format": ("str", "NDHWC")},
)
def MaxPool3D(input: Any, *, ksize: list[int], strides: list[int], padding: str) -> Any:
    """The maximum of each window of a batch of volumes; see `MaxPool`."""
    return maxima(input, windows(input.shape, ksize, strides, padding))


@op(
    "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
    T=(_MAX_3D_TYPES, float32),
    TInput=(_MAX_3D_TYPES, float32),
    shape=like(0),
    grad=_max_grad_gradient,
    attrs={"data_format": ("str", "NDHWC")},
)
def MaxPool3DGrad(
    orig_input: Any,
    orig_output: Any,
    grad: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
) -> Any:
    """The gradient of `MaxPool3D`: each window's goes to the first of its maxima.

    So it is in TensorFlow where oneDNN or cuDNN compute it; its plain CPU kernel gives it to all.
    """
    return _max_pool_grad(orig_input, grad, windows(orig_input.shape, ksize, strides, padding))


@op(
    "orig_input: T, orig_output: T, grad: T -> output: T",
    T=REALS,
    shape=_same_as_output,
    grad=_max_grad_grad_gradient,
    exact=True,
    attrs={"data_format": ("str", "NDHWC")},
)
def MaxPool3DGradGrad(
    orig_input: Any,
    orig_output: Any,
    grad: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
) -> Any:
    """Of `grad`, which is like the input, what stands where the first maximum of each window is."""
    return _max_pool_grad_grad(orig_input, grad, windows(orig_input.shape, ksize, strides, padding))


# -- maxima and where they are ---------------------------------------------------------------------


def _flat_index(shape: Sequence[int], with_batch: bool, dtype: Any) -> Any:
    """The index of every element within its image, or `with_batch` within the whole array."""
    counted = shape if with_batch else (1, *shape[1:])
    size = int(np.prod(counted))
    return xp.broadcast_to(xp.reshape(xp.arange(0, size, 1, dtype=dtype), counted), shape)


def _whole_index(argmax: Any, shape: Sequence[int], with_batch: bool) -> Any:
    """`argmax` as indices into the whole array, flattened, as MaxPoolWithArgmax gives them."""
    size = int(np.prod(shape, dtype=np.int64))
    image = size // max(shape[0], 1)
    limit = size if with_batch else image
    inside = (argmax >= 0) & (argmax < limit)
    xp.check(inside, InvalidArgumentError, f"argmax must be in [0, {limit})")
    index = xp.where(inside, argmax, xp.zeros((), argmax.dtype)).astype(np.int64)
    if not with_batch:
        index = index + np.arange(shape[0], dtype=np.int64).reshape(-1, 1, 1, 1) * image
    return xp.reshape(index, (-1,))


@op(
    "input: T -> output: T, argmax: Targmax",
    T=REALS,
    Targmax=(INDICES, int64),
    shape=_pooled,
    grad=_argmax_gradient,
    exact=True,
)
def MaxPoolWithArgmax(
    input: Any,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    Targmax: DType,
    include_batch_in_index: bool = False,
) -> Any:
    """The maximum of each window of a batch of images (NHWC), and where the first one is.

    Returns:
        The maxima, and for each its index (row * width + column) * channels + channel within its
        image, plus image number * image size with `include_batch_in_index`.
    """
    over = windows(input.shape, ksize, strides, padding)
    index = _flat_index(input.shape, include_batch_in_index, Targmax.as_numpy_dtype)
    return maxima(input, over), taken(index, over, first_maxima(input, over))


@op(
    "input: T, grad: T, argmax: Targmax -> output: T",
    T=REALS,
    Targmax=INDICES,
    shape=like(0),
    attrs={"ksize": ("list[int]", None), "strides": ("list[int]", None), "padding": ("str", None)},
)
def MaxPoolGradWithArgmax(
    input: Any, grad: Any, argmax: Any, *, include_batch_in_index: bool = False
) -> Any:
    """The gradient of `MaxPoolWithArgmax`: `grad` added at the indices `argmax`.

    Raises (when run):
        InvalidArgumentError: an index is outside of the image.
    """
    index = _whole_index(argmax, input.shape, include_batch_in_index)
    values = xp.reshape(grad, (-1,))
    size = int(np.prod(input.shape))
    if xp.is_jax(values, index):
        return jnp.zeros(size, grad.dtype).at[index].add(values).reshape(input.shape)
    flat = np.zeros(size, grad.dtype)
    np.add.at(flat, index, values)
    return flat.reshape(input.shape)


@op(
    "input: T, grad: T, argmax: Targmax -> output: T",
    T=REALS,
    Targmax=INDICES,
    shape=like(2),
    exact=True,
    attrs={"ksize": ("list[int]", None), "strides": ("list[int]", None), "padding": ("str", None)},
)
def MaxPoolGradGradWithArgmax(
    input: Any, grad: Any, argmax: Any, *, include_batch_in_index: bool = False
) -> Any:
    """Of `grad`, which is like the input, what stands at the indices `argmax`."""
    index = _whole_index(argmax, input.shape, include_batch_in_index)
    return xp.reshape(xp.take(xp.reshape(grad, (-1,)), index), argmax.shape)


# -- means -----------------------------------------------------------------------------------------


def _widened(x: Any) -> Any:
    """Sums of 16-bit floats are made in 32 bits."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _avg_pool(x: Any, over: list[Window]) -> Any:
    wide = _widened(x)
    return (sums(wide, over) / counts(over, x.ndim, wide.dtype)).astype(x.dtype)


def _avg_pool_grad(grad: Any, over: list[Window]) -> Any:
    wide = _widened(grad)
    return to_all(wide / counts(over, grad.ndim, wide.dtype), over).astype(grad.dtype)


def average(name: str, data_format: str, argument: str, doc: str, grad_doc: str) -> tuple[Any, Any]:
    """Declare an average pooling op and its gradient op."""
    layout = {"data_format": ("str", data_format)}

    def lower(value: Any, *, ksize: list[int], strides: list[int], padding: str) -> Any:
        return _avg_pool(value, windows(value.shape, ksize, strides, padding))

    def lower_grad(
        orig_input_shape: Any, grad: Any, *, ksize: list[int], strides: list[int], padding: str
    ) -> Any:
        shape = xp.static_shape(orig_input_shape)
        return _avg_pool_grad(grad, windows(shape, ksize, strides, padding))

    lower.__doc__, lower_grad.__doc__ = doc, grad_doc
    pool = op(
        f"{argument}: T -> output: T",
        type=name,
        T=FLOATS,
        shape=_pooled,
        grad=_avg_gradient,
        vjp=_avg_rule,
        attrs=layout,
    )(lower)
    pool_grad = op(
        "orig_input_shape: int32, grad: T -> output: T",
        type=f"{name}Grad",
        T=FLOATS,
        shape=_shape_input,
        grad=_avg_grad_gradient,
        attrs=layout,
    )(lower_grad)
    return pool, pool_grad


AvgPool, AvgPoolGrad = average(
    "AvgPool", "NHWC", "value",
    "The mean of each window of a batch of images, over its cells inside the image; see `MaxPool`.",
    "The gradient of `AvgPool` for an input of that shape.",
)  # fmt: skip
AvgPool3D, AvgPool3DGrad = average(
    "AvgPool3D", "NDHWC", "input",
    "The mean of each window of a batch of volumes, over its cells inside; see `MaxPool`.",
    "The gradient of `AvgPool3D` for an input of that shape.",
)  # fmt: skip
