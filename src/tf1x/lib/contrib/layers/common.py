"""What the layers of this package do alike: variables of `tf.layers` under other names, and the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.lib.contrib.framework.variables import model_variable
from tf1x.lib.contrib.layers import utils
from tf1x.lib.partitioned import PartitionedVariable

NHWC = ("NHWC", "NCHW")
NDHWC = ("NDHWC", "NCDHW")


def check_data_format(data_format: str, known: tuple[str, ...] = NHWC) -> None:
    """Raise ValueError for another layout than those known."""
    if data_format not in known:
        raise ValueError(f"data_format has to be either {known[1]} or {known[0]}.")


def layer_data_format(data_format: str | None) -> str:
    """The layout as `tf.layers` calls it."""
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def variable_getter(**renames: str) -> Callable[..., Any]:
    """A custom getter that makes model variables, with other last names: `kernel="weights"`."""

    def layer_variable_getter(getter: Callable[..., Any], name: str, **options: Any) -> Any:
        scope, slash, last = name.rpartition("/")
        name = scope + slash + renames.get(last, last)
        kept = {key: value for key, value in options.items() if key in _PASSED_ON}
        return model_variable(name, custom_getter=getter, **kept)

    return layer_variable_getter


_PASSED_ON = (
    "shape", "dtype", "initializer", "regularizer", "collections", "trainable", "caching_device",
    "partitioner", "use_resource", "synchronization", "aggregation",
)  # fmt: skip


def add_to_collections(variable: Any, variables_collections: Any, name: str) -> None:
    """Add a layer's variable (each part of it) to the collections for this name, once."""
    parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
    for collection in utils.get_variable_collections(variables_collections, name) or []:
        kept = {id(item) for item in scopes.get_collection(collection)}
        for part in parts:
            if id(part) not in kept:
                scopes.add_to_collection(collection, part)


def parameter(
    name: str, shape: Any, dtype: Any, initializer: Any, variables_collections: Any, **options: Any
) -> Any:
    """A model variable of a layer, in the collections for its name."""
    collections = utils.get_variable_collections(variables_collections, name)
    return model_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, collections=collections, **options
    )


def activated(
    outputs: Any, activation_fn: Callable[[Any], Any] | None, collections: Any, alias: str
) -> Any:
    """The end of a layer: the activation, and the collections of outputs."""
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return utils.collect_named_outputs(collections, alias, outputs)


def normalized(
    outputs: Any, normalizer_fn: Callable[..., Any] | None, normalizer_params: Any
) -> Any:
    """The outputs through a layer's normaliser, where it has one."""
    if normalizer_fn is None:
        return outputs
    return normalizer_fn(outputs, **(normalizer_params or {}))
