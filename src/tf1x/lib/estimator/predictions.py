"""What `Estimator.predict` does with the tensors that a model_fn calls predictions."""

from __future__ import annotations

from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging


def extract_keys(predictions: Any, keys: Any) -> Any:
    """Those of the predictions that are asked for.

    Raises:
        ValueError: there are none of these names.
    """
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    found = {key: value for key, value in predictions.items() if key in keys}
    if not found:
        raise ValueError(
            f"Expected to run at least one output from {predictions.keys()}, provided {keys}."
        )
    return found


def batch_length(values: dict[str, Any]) -> int:
    """How many examples a batch of predictions has.

    Raises:
        ValueError: some have more than others.
    """
    lengths = {key: value.shape[0] for key, value in values.items()}
    first = next(iter(lengths.values()))
    for key, length in lengths.items():
        if length != first:
            raise ValueError(
                f"Batch length of predictions should be same. {key} has different batch length than "
                "others."
            )
    return first


def warn_if_endless(features: Any) -> None:
    """Warn that the input does not end, so predictions do not either."""
    tensors = [item for item in nest.flatten(features) if isinstance(item, Tensor)]
    ends = any(tensor.op.type == "IteratorGetNext" for tensor in tensors)
    if not ends and not scopes.get_collection(GraphKeys.QUEUE_RUNNERS):
        logging.warning(
            "Input graph does not use tf.data.Dataset or contain a QueueRunner. That means predict "
            "yields forever. This is probably a mistake."
        )
