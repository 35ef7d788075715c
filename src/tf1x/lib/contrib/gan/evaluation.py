"""`tf.contrib.gan.eval`: summaries of models, and images put together in grids."""

from __future__ import annotations

import sys
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.gan.models import CycleGANModel
from tf1x.lib.losses.collect import get_regularization_loss
from tf1x.ops import array
from tf1x.ops.array_moves import concat, transpose
from tf1x.ops.summary_functions import histogram, image, scalar


def image_grid(
    input_tensor: Any, grid_shape: Any, image_shape: Any = (32, 32), num_channels: int = 3
) -> Tensor:
    """A batch of images as one: [1, rows * height, columns * width, channels].

    Args:
        input_tensor: [rows * columns, ...], which holds `image_shape` and channels for each.
        grid_shape: (rows, columns).

    Raises:
        ValueError: another number of images.
    """
    tensor = convert.to_tensor(input_tensor)
    rows, columns = (int(n) for n in grid_shape)
    height, width = (int(n) for n in image_shape)
    if tensor.shape.as_list()[0] != rows * columns:
        raise ValueError(
            f"Grid shape {tuple(grid_shape)} incompatible with minibatch size "
            f"{tensor.shape.as_list()[0]}."
        )
    tensor = array.reshape(tensor, [rows, columns, height, width, num_channels])
    tensor = transpose(tensor, [0, 2, 1, 3, 4])
    return array.reshape(tensor, [1, rows * height, columns * width, num_channels])


def image_reshaper(images: Any, num_cols: int | None = None) -> Tensor:
    """A list or batch of images as one image with `num_cols` columns, by default all of them."""
    if isinstance(images, (list, tuple)):
        images = concat([array.expand_dims(i, 0) for i in images], 0)
    count, height, width, channels = convert.to_tensor(images).shape.as_list()
    columns = num_cols or count
    missing = -count % columns
    if missing:
        blank = array.zeros([missing, height, width, channels], images.dtype)
        images = concat([images, blank], 0)
    return image_grid(images, ((count + missing) // columns, columns), (height, width), channels)


def add_gan_model_summaries(gan_model: Any) -> None:
    """Histograms of all variables of a `GANModel`, or of both of a `CycleGANModel`."""
    for model, _ in _parts(gan_model):
        for name in ("generator", "discriminator"):
            with scopes.name_scope(f"{name}_variables"):
                for variable in getattr(model, f"{name}_variables"):
                    histogram(variable.op.name, variable)


def add_gan_model_image_summaries(
    gan_model: Any, grid_size: int = 4, model_summaries: bool = True
) -> None:
    """Images of real and of generated data, `grid_size`**2 of each.

    Raises:
        ValueError: data that are no images, or too few of them.
    """
    for model, scope in _parts(gan_model):
        with scopes.name_scope(scope):
            for name in ("real_data", "generated_data"):
                data = getattr(model, name)
                if data.shape.ndims != 4:
                    raise ValueError(f"{name} are no images: {data.shape}")
                _, height, width, channels = data.shape.as_list()
                grid = image_grid(
                    data[: grid_size**2], (grid_size, grid_size), (height, width), channels
                )
                image(name, grid, max_outputs=1)
    if model_summaries:
        add_gan_model_summaries(gan_model)


def add_image_comparison_summaries(
    gan_model: Any, num_comparisons: int = 2, display_diffs: bool = False
) -> None:
    """Images of the generator's inputs, of what it makes of them, and of the real data."""
    parts = [gan_model.generator_inputs, gan_model.generated_data, gan_model.real_data]
    if display_diffs:
        parts.append(gan_model.real_data - gan_model.generated_data)
    shown = [part[:num_comparisons] for part in parts]
    image("image_comparison", image_reshaper(concat(shown, 0), num_comparisons), max_outputs=1)


def add_regularization_loss_summaries(gan_model: Any) -> None:
    """Scalars of the regularization losses of both networks."""
    graph = scopes.get_default_graph()
    for model, _ in _parts(gan_model):
        for name in ("generator", "discriminator"):
            scope = getattr(model, f"{name}_scope").name
            if graph.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope):
                scalar(f"{name}_regularization_loss", get_regularization_loss(scope))


def _parts(gan_model: Any) -> list[tuple[Any, str]]:
    if isinstance(gan_model, CycleGANModel):
        return [(gan_model.model_x2y, "x2y"), (gan_model.model_y2x, "y2x")]
    return [(gan_model, "gan")]


# Programs find these in `eval_utils` and `summaries` as well.
eval_utils = summaries = sys.modules[__name__]
