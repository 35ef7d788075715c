"""`tf.contrib.gan`: models of a generator and a discriminator, as named tuples."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core import convert
from tf1x.lib.contrib.framework.variables import get_trainable_variables
from tf1x.lib.variable_scope import variable_scope

GANModel = namedtuple(
    "GANModel",
    "generator_inputs generated_data generator_variables generator_scope generator_fn real_data "
    "discriminator_real_outputs discriminator_gen_outputs discriminator_variables "
    "discriminator_scope discriminator_fn",
)
InfoGANModel = namedtuple(
    "InfoGANModel",
    (
        *GANModel._fields,
        "structured_generator_inputs",
        "predicted_distributions",
        "discriminator_and_aux_fn",
    ),
)
ACGANModel = namedtuple(
    "ACGANModel",
    (
        *GANModel._fields,
        "one_hot_labels",
        "discriminator_real_classification_logits",
        "discriminator_gen_classification_logits",
    ),
)
CycleGANModel = namedtuple("CycleGANModel", "model_x2y model_y2x reconstructed_x reconstructed_y")
GANLoss = namedtuple("GANLoss", "generator_loss discriminator_loss")
CycleGANLoss = namedtuple("CycleGANLoss", "loss_x2y loss_y2x")


class GANTrainOps(NamedTuple):
    """The ops that train: a step of each network, and the count of steps."""

    generator_train_op: Any
    discriminator_train_op: Any
    global_step_inc_op: Any
    train_hooks: Any = ()


class GANTrainSteps(NamedTuple):
    """How many steps of each network make one step of the whole."""

    generator_train_steps: int
    discriminator_train_steps: int


def _tensors(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: convert.to_tensor(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [convert.to_tensor(value) for value in values]
    return convert.to_tensor(values)


def _model(
    generator_fn: Callable[..., Any],
    discriminator_fn: Callable[..., Any],
    real_data: Any,
    generator_inputs: Any,
    generator_scope: Any,
    discriminator_scope: Any,
    check_shapes: bool,
) -> tuple[list[Any], Any, Any]:
    """The fields of a `GANModel`, and what the discriminator gave for both kinds of data."""
    with variable_scope(generator_scope) as in_generator:
        inputs = _tensors(generator_inputs)
        generated = generator_fn(inputs)
    with variable_scope(discriminator_scope) as in_discriminator:
        of_generated = discriminator_fn(generated, inputs)
    with variable_scope(in_discriminator, reuse=True):
        real = convert.to_tensor(real_data)
        of_real = discriminator_fn(real, inputs)
    if check_shapes and not generated.shape.is_compatible_with(real.shape):
        raise ValueError(
            f"Generator output shape ({generated.shape}) must be the same shape as real data "
            f"({real.shape})."
        )
    fields = [
        inputs, generated, get_trainable_variables(in_generator), in_generator, generator_fn, real,
        of_real, of_generated, get_trainable_variables(in_discriminator), in_discriminator,
        discriminator_fn,
    ]  # fmt: skip
    return fields, of_real, of_generated


def gan_model(
    generator_fn: Callable[..., Any],
    discriminator_fn: Callable[..., Any],
    real_data: Any,
    generator_inputs: Any,
    generator_scope: Any = "Generator",
    discriminator_scope: Any = "Discriminator",
    check_shapes: bool = True,
) -> Any:
    """A generator, and a discriminator on what it generates and on real data: a `GANModel`.

    Args:
        generator_fn: from the inputs to data.
        discriminator_fn: (data, generator_inputs) to outputs.
        generator_inputs: a tensor, or a list or dictionary of such.
        check_shapes: whether generated data must have the shape of real data.

    Raises:
        ValueError: it has not.
    """
    fields, _, _ = _model(
        generator_fn, discriminator_fn, real_data, generator_inputs, generator_scope,
        discriminator_scope, check_shapes,
    )  # fmt: skip
    return GANModel(*fields)


def acgan_model(
    generator_fn: Callable[..., Any],
    discriminator_fn: Callable[..., Any],
    real_data: Any,
    generator_inputs: Any,
    one_hot_labels: Any,
    generator_scope: Any = "Generator",
    discriminator_scope: Any = "Discriminator",
    check_shapes: bool = True,
) -> Any:
    """An `ACGANModel`: the discriminator gives (outputs, logits of classes).

    Raises:
        TypeError: it does not.
    """
    fields, of_real, of_generated = _model(
        generator_fn, discriminator_fn, real_data, generator_inputs, generator_scope,
        discriminator_scope, check_shapes,
    )  # fmt: skip
    for found in (of_real, of_generated):
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            raise TypeError("A discriminator function for ACGAN must output a tuple of two.")
    made = GANModel(*fields)._replace(
        discriminator_real_outputs=of_real[0], discriminator_gen_outputs=of_generated[0]
    )
    return ACGANModel(*made, one_hot_labels, of_real[1], of_generated[1])


def infogan_model(
    generator_fn: Callable[..., Any],
    discriminator_fn: Callable[..., Any],
    real_data: Any,
    unstructured_generator_inputs: Any,
    structured_generator_inputs: Any,
    generator_scope: Any = "Generator",
    discriminator_scope: Any = "Discriminator",
) -> Any:
    """An `InfoGANModel`: the discriminator gives (outputs, distributions of the structured inputs).

    Raises:
        ValueError: not one distribution a structured input.
    """
    structured = _tensors(structured_generator_inputs)
    fields, of_real, of_generated = _model(
        generator_fn, discriminator_fn, real_data,
        [*_tensors(unstructured_generator_inputs), *structured], generator_scope,
        discriminator_scope, True,
    )  # fmt: skip
    if len(of_generated[1]) != len(structured):
        raise ValueError(
            f"The discriminator predicts {len(of_generated[1])} distributions for "
            f"{len(structured)} structured inputs."
        )
    made = GANModel(*fields)._replace(
        discriminator_real_outputs=of_real[0],
        discriminator_gen_outputs=of_generated[0],
        discriminator_fn=lambda data, inputs: discriminator_fn(data, inputs)[0],
    )
    return InfoGANModel(*made, structured, of_generated[1], discriminator_fn)


def cyclegan_model(
    generator_fn: Callable[..., Any],
    discriminator_fn: Callable[..., Any],
    data_x: Any,
    data_y: Any,
    generator_scope: Any = "Generator",
    discriminator_scope: Any = "Discriminator",
    model_x2y_scope: Any = "ModelX2Y",
    model_y2x_scope: Any = "ModelY2X",
    check_shapes: bool = True,
) -> Any:
    """Two `GANModel`s, from x to y and from y to x, and what comes back of both: a `CycleGANModel`."""

    def one_way(scope: Any, given: Any, wanted: Any) -> Any:
        with variable_scope(scope):
            return gan_model(
                generator_fn, discriminator_fn, wanted, given, generator_scope,
                discriminator_scope, check_shapes,
            )  # fmt: skip

    there, back = one_way(model_x2y_scope, data_x, data_y), one_way(model_y2x_scope, data_y, data_x)
    with variable_scope(back.generator_scope, reuse=True):
        reconstructed_x = back.generator_fn(there.generated_data)
    with variable_scope(there.generator_scope, reuse=True):
        reconstructed_y = there.generator_fn(back.generated_data)
    return CycleGANModel(there, back, reconstructed_x, reconstructed_y)
