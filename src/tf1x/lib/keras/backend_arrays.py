"""`keras.backend`, in terms of `tf`: shapes, new tensors, products and convolutions, control flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.lib.keras import backend as K
from tf1x.lib.keras.backend import int_shape, ndim, tf

# -- shapes ------------------------------------------------------------------------------------


def shape(x: Any) -> Any:
    return tf.shape(x)


def reshape(x: Any, shape: Any) -> Any:
    return tf.reshape(x, shape)


def flatten(x: Any) -> Any:
    return tf.reshape(x, [-1])


def batch_flatten(x: Any) -> Any:
    sizes = int_shape(x)[1:]
    known = None not in sizes
    return tf.reshape(x, [-1, int(np.prod(sizes)) if known else tf.reduce_prod(tf.shape(x)[1:])])


def expand_dims(x: Any, axis: int = -1) -> Any:
    return tf.expand_dims(x, axis)


def squeeze(x: Any, axis: Any) -> Any:
    return tf.squeeze(x, axis)


def transpose(x: Any) -> Any:
    return tf.transpose(x)


def permute_dimensions(x: Any, pattern: Any) -> Any:
    return tf.transpose(x, pattern)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    return tf.concat(tensors, axis)


def stack(x: Any, axis: int = 0) -> Any:
    return tf.stack(x, axis)


def tile(x: Any, n: Any) -> Any:
    return tf.tile(x, [n] * ndim(x) if isinstance(n, int) else n)


def repeat(x: Any, n: int) -> Any:
    """(rows, columns) to (rows, n, columns)."""
    return tf.tile(tf.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Every element along an axis so many times, one after the other."""
    sizes = K._shape(x)
    axis = axis % len(sizes)
    wide = tf.tile(tf.expand_dims(x, axis + 1), [rep if i == axis + 1 else 1 for i in range(len(sizes) + 1)])  # fmt: skip
    return tf.reshape(wide, [s * rep if i == axis else s for i, s in enumerate(sizes)])


def reverse(x: Any, axes: Any) -> Any:
    return tf.reverse(x, [axes] if isinstance(axes, int) else axes)


def slice(x: Any, start: Any, size: Any) -> Any:
    return tf.slice(x, start, size)


def gather(reference: Any, indices: Any) -> Any:
    return tf.gather(reference, tf.cast(indices, "int32"))


def one_hot(indices: Any, num_classes: int) -> Any:
    return tf.one_hot(indices, num_classes)


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    return tf.pad(x, [[0, 0], list(padding), [0, 0]])


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: Any = None) -> Any:
    rows = [list(padding[0]), list(padding[1])]
    first = (data_format or K.image_data_format()) == "channels_first"
    return tf.pad(x, [[0, 0], [0, 0], *rows] if first else [[0, 0], *rows, [0, 0]])


def resize_images(x: Any, height_factor: int, width_factor: int, data_format: Any,
                  interpolation: str = "nearest") -> Any:  # fmt: skip
    """Pictures enlarged by factors."""
    first = data_format == "channels_first"
    x = tf.transpose(x, [0, 2, 3, 1]) if first else x
    sizes = K._shape(x)
    resize = getattr(tf.image, {"nearest": "resize_nearest_neighbor", "bilinear": "resize_bilinear"}[interpolation])  # fmt: skip
    x = resize(x, [sizes[1] * height_factor, sizes[2] * width_factor])
    return tf.transpose(x, [0, 3, 1, 2]) if first else x


# -- making tensors ----------------------------------------------------------------------------


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    return K.variable(np.zeros(shape, K._name(dtype)), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    return K.variable(np.ones(shape, K._name(dtype)), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    return K.variable(np.eye(size, dtype=K._name(dtype)), dtype, name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.zeros_like(x, dtype, name)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.ones_like(x, dtype, name)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Any:
    if stop is None:
        start, stop = 0, start
    return tf.cast(tf.range(start, limit=stop, delta=step), dtype)


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None,
                  seed: int | None = None) -> Any:  # fmt: skip
    return tf.random_normal(shape, mean, stddev, K._name(dtype), seed)


def random_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None,
                   seed: int | None = None) -> Any:  # fmt: skip
    return tf.random_uniform(shape, minval, maxval, K._name(dtype), seed)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None,
                     seed: int | None = None) -> Any:  # fmt: skip
    return tf.truncated_normal(shape, mean, stddev, K._name(dtype), seed)


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: int | None = None) -> Any:
    return tf.cast(tf.random_uniform(shape, seed=seed) <= p, K._name(dtype))


def random_normal_variable(shape: Any, mean: float, scale: float, dtype: Any = None,
                           name: Any = None, seed: int | None = None) -> Any:  # fmt: skip
    values = np.random.RandomState(seed).normal(mean, scale, shape)
    return K.variable(values, dtype, name)


def random_uniform_variable(shape: Any, low: float, high: float, dtype: Any = None,
                            name: Any = None, seed: int | None = None) -> Any:  # fmt: skip
    values = np.random.RandomState(seed).uniform(low, high, shape)
    return K.variable(values, dtype, name)


# -- products and convolutions -----------------------------------------------------------------


def dot(x: Any, y: Any) -> Any:
    """The product of the last axis of `x` with the last but one of `y`."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    if ndim(x) <= 2 and ndim(y) <= 2:
        return tf.matmul(x, y)
    axis = ndim(y) - 2 if ndim(y) > 1 else 0
    return tf.tensordot(x, y, [[ndim(x) - 1], [axis]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Products of the rows of two batches along axes, by default the last and the last but one."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    if axes is None:
        axes = [ndim(x) - 1, 1 if ndim(y) == 2 else ndim(y) - 2]
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = first % ndim(x), second % ndim(y)
    letters = "abcdefghijklmnop"
    left = "z" + letters[: ndim(x) - 1]
    right = "z" + letters[8 : 8 + ndim(y) - 1]
    right = right[:second] + left[first] + right[second + 1 :]
    kept = [c for c in left[1:] if c != left[first]] + [c for c in right[1:] if c != left[first]]
    found = tf.einsum(f"{left},{right}->z{''.join(kept)}", x, y)
    return tf.expand_dims(found, 1) if not kept else found


def bias_add(x: Any, bias: Any, data_format: Any = None) -> Any:
    first = (data_format or K.image_data_format()) == "channels_first"
    bias = tf.convert_to_tensor(bias)
    if ndim(bias) == 1 and first and ndim(x) > 2:
        bias = tf.reshape(bias, [-1] + [1] * (ndim(x) - 2))
    return x + bias


def _convolution_options(padding: str, data_format: Any) -> dict[str, Any]:
    first = (data_format or K.image_data_format()) == "channels_first"
    return {"padding": padding.upper(), "first": first}


def conv1d(x: Any, kernel: Any, strides: int = 1, padding: str = "valid", data_format: Any = None,
           dilation_rate: int = 1) -> Any:  # fmt: skip
    if padding == "causal":
        left = dilation_rate * (int_shape(kernel)[0] - 1)
        x, padding = temporal_padding(x, (left, 0)), "valid"
    return tf.nn.convolution(
        x, kernel, padding.upper(), strides=[strides], dilation_rate=[dilation_rate]
    )


def conv2d(x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid",
           data_format: Any = None, dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    options = _convolution_options(padding, data_format)
    x = tf.transpose(x, [0, 2, 3, 1]) if options["first"] else x
    found = tf.nn.convolution(
        x, kernel, options["padding"], strides=list(strides), dilation_rate=list(dilation_rate)
    )
    return tf.transpose(found, [0, 3, 1, 2]) if options["first"] else found


def conv2d_transpose(x: Any, kernel: Any, output_shape: Any, strides: Any = (1, 1),
                     padding: str = "valid", data_format: Any = None) -> Any:  # fmt: skip
    return tf.nn.conv2d_transpose(
        x, kernel, tf.stack(list(output_shape)), [1, *strides, 1], padding.upper()
    )


def depthwise_conv2d(x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: Any = None, dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    return tf.nn.depthwise_conv2d(
        x, depthwise_kernel, [1, *strides, 1], padding.upper(), list(dilation_rate)
    )


def separable_conv2d(x: Any, depthwise_kernel: Any, pointwise_kernel: Any,
                     strides: Any = (1, 1), padding: str = "valid", data_format: Any = None,
                     dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    return tf.nn.separable_conv2d(
        x, depthwise_kernel, pointwise_kernel, [1, *strides, 1], padding.upper(),
        list(dilation_rate),
    )  # fmt: skip


def pool2d(x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid",
           data_format: Any = None, pool_mode: str = "max") -> Any:  # fmt: skip
    options = _convolution_options(padding, data_format)
    x = tf.transpose(x, [0, 2, 3, 1]) if options["first"] else x
    pool = tf.nn.max_pool if pool_mode == "max" else tf.nn.avg_pool
    found = pool(x, [1, *pool_size, 1], [1, *strides, 1], options["padding"])
    return tf.transpose(found, [0, 3, 1, 2]) if options["first"] else found


def batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1,
                        epsilon: float = 1e-3) -> Any:  # fmt: skip
    return tf.nn.batch_normalization(x, mean, var, beta, gamma, epsilon)


def normalize_batch_in_training(x: Any, gamma: Any, beta: Any, reduction_axes: Any,
                                epsilon: float = 1e-3) -> Any:  # fmt: skip
    """The batch normalized along some axes, its mean and its variance."""
    mean, var = tf.nn.moments(x, list(reduction_axes))
    kept = [i for i in range(ndim(x)) if i not in reduction_axes]
    size = [int_shape(x)[i] if i in kept else 1 for i in range(ndim(x))]
    parts = [None if p is None else tf.reshape(p, size) for p in (mean, var, beta, gamma)]
    return tf.nn.batch_normalization(x, *parts, epsilon), mean, var


# -- control flow ------------------------------------------------------------------------------


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors (or of what two functions return), by a condition."""
    condition = tf.cast(condition, "bool")
    functions = callable(then_expression) or callable(else_expression)
    if functions or ndim(condition) == 0:
        return tf.cond(
            condition,
            then_expression if callable(then_expression) else lambda: tf.identity(then_expression),
            else_expression if callable(else_expression) else lambda: tf.identity(else_expression),
        )
    missing = ndim(then_expression) - ndim(condition)
    for _ in range(missing):
        condition = tf.expand_dims(condition, -1)
    wide = tf.logical_and(condition, tf.ones_like(then_expression, dtype="bool"))
    return tf.where(wide, then_expression, else_expression)


def map_fn(fn: Any, elems: Any, name: Any = None, dtype: Any = None) -> Any:
    return tf.map_fn(fn, elems, name=name, dtype=dtype)


def foldl(fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    return tf.foldl(fn, elems, initializer=initializer, name=name)


def foldr(fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    return tf.foldr(fn, elems, initializer=initializer, name=name)


def rnn(step_function: Any, inputs: Any, initial_states: Any, go_backwards: bool = False,
        mask: Any = None, constants: Any = None, unroll: bool = False,
        input_length: Any = None) -> Any:  # fmt: skip
    """Apply `step_function(input, states + constants) -> output, states` along the second axis.

    Returns:
        The last output, all outputs, and the last states. Steps that `mask` leaves out repeat.
    """
    steps = tf.transpose(inputs, [1, 0, *range(2, ndim(inputs))])
    fixed = list(constants or [])
    masks = None if mask is None else tf.transpose(tf.cast(mask, "bool"), [1, 0])
    if go_backwards:
        steps = tf.reverse(steps, [0])
        masks = None if masks is None else tf.reverse(masks, [0])
    first, _ = step_function(steps[0], [*initial_states, *fixed])
    start = (tf.zeros_like(first), *initial_states)

    def step(before: Any, given: Any) -> Any:
        x, keep = given if masks is not None else (given, None)
        output, states = step_function(x, [*before[1:], *fixed])
        after = (output, *states)
        if keep is None:
            return after
        return tuple(
            tf.where(
                tf.logical_and(tf.expand_dims(keep, -1), tf.ones_like(new, dtype="bool")), new, old
            )
            for new, old in zip(after, before, strict=True)
        )

    found = tf.scan(step, steps if masks is None else (steps, masks), initializer=start)
    outputs = tf.transpose(found[0], [1, 0, *range(2, ndim(found[0]))])
    return found[0][-1], outputs, [s[-1] for s in found[1:]]


def to_dense(tensor: Any) -> Any:
    return K.to_dense(tensor)
