"""Fully connected layers."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common
from tf1x.lib.initializers import Zeros
from tf1x.lib.layers.core import Dense
from tf1x.lib.regularizers import xavier_initializer
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, nn
from tf1x.ops.array_moves import stack as pack
from tf1x.ops.array_moves import unstack
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add
from tf1x.ops.nn_functions import relu6 as relu6_function

Function = Callable[..., Any]


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Function | None = nn.Relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """activation(inputs x weights + biases), over the last dimension of the inputs.

    Args:
        inputs: of rank 2 or more, with a known last dimension.
        activation_fn: by default relu; None for none.
        normalizer_fn: used in place of biases, e.g. `batch_norm`, called with
            `normalizer_params`.
        biases_initializer: None for no biases.
        variables_collections: collections for all variables, or a dict "weights"/"biases" to them.
        outputs_collections: collections for the result.
        scope: of the variables `weights` and `biases`; by default `fully_connected`, made unique.

    Raises:
        ValueError: `num_outputs` is not an int, or the last dimension is unknown.
    """
    if not isinstance(num_outputs, numbers.Integral):
        raise ValueError(
            f"num_outputs type should be one of [<class 'int'>], got {type(num_outputs)}."
        )
    getter = common.variable_getter(bias="biases", kernel="weights")
    with variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter
    ) as sc:
        inputs = convert.to_tensor(inputs)
        layer = Dense(
            units=num_outputs, activation=None, use_bias=not normalizer_fn and biases_initializer,
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse,
        )  # fmt: skip
        outputs = layer.apply(inputs)
        common.add_to_collections(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            common.add_to_collections(layer.bias, variables_collections, "biases")
        outputs = common.normalized(outputs, normalizer_fn, normalizer_params)
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


def legacy_fully_connected(
    x: Any,
    num_output_units: int,
    activation_fn: Function | None = None,
    weight_init: Any = xavier_initializer(),  # noqa: B008
    bias_init: Any = Zeros(),  # noqa: B008
    name: str | None = None,
    weight_collections: Any = (GraphKeys.WEIGHTS,),
    bias_collections: Any = (GraphKeys.BIASES,),
    output_collections: Any = (GraphKeys.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:
    """The fully connected layer of TensorFlow 0.x: variables `weights` and `bias`, no activation.

    Raises:
        ValueError: the rank is below 2, or the last dimension unknown.
    """
    with variable_scope(name, "fully_connected", [x]):
        x = convert.to_tensor(x)
        rank = x.shape.ndims
        if rank is None:
            raise ValueError("dims of x must be known but is None")
        if rank < 2:
            raise ValueError(f"rank of x must be at least 2 not: {rank}")
        num_inputs = x.shape.as_list()[-1]
        if num_inputs is None:
            raise ValueError("last dimension of x must be known but is None")

        def variable(name: str, shape: list[int], initializer: Any, *options: Any) -> Any:
            collections, regularizer = options
            return get_variable(
                name, shape=shape, dtype=x.dtype.base_dtype, initializer=initializer,
                collections=_with_global(collections), regularizer=regularizer,
                trainable=trainable,
            )  # fmt: skip

        weights = variable(
            "weights", [num_inputs, num_output_units], weight_init, weight_collections,
            weight_regularizer,
        )  # fmt: skip
        y = matmul(x if rank == 2 else array.reshape(x, [-1, num_inputs]), weights)
        if bias_init is not None:
            bias = variable(
                "bias", [num_output_units], bias_init, bias_collections, bias_regularizer
            )
            y = bias_add(y, bias)
        if rank > 2:
            y = array.reshape(y, pack([*unstack(array.shape(x))[:-1], num_output_units]))
            y.set_shape([*x.shape.as_list()[:-1], num_output_units])
        y = y if activation_fn is None else activation_fn(y)
        scopes.add_to_collections([*(output_collections or []), GraphKeys.ACTIVATIONS], y)
        return y


def _with_global(collections: Any) -> list[str]:
    return list(dict.fromkeys([*(collections or []), GraphKeys.GLOBAL_VARIABLES]))


def _elu(features: Any) -> Any:
    return nn.Elu(features)


elu = functools.partial(fully_connected, activation_fn=_elu)
relu = functools.partial(fully_connected, activation_fn=nn.Relu)
relu6 = functools.partial(fully_connected, activation_fn=relu6_function)
linear = functools.partial(fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=nn.Relu)
legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
