"""The values that a run hands to the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.runtime import feeds as feeding
from tf1x.runtime.evaluate import without_value
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.state import State


def fetched_values(
    fetches: Fetches, fed: feeding.Feeds
) -> list[Callable[[dict[Tensor, Any], State], Any]]:
    """For each fetched element, a function that gives its value at the end of the run."""
    return [_getter(element, set(fed.tensors)) for element in fetches.elements]


def _getter(
    element: Tensor | Operation, fed: set[Tensor]
) -> Callable[[dict[Tensor, Any], State], Any]:
    if isinstance(element, Operation):
        return lambda values, state: None
    if element in fed:
        return lambda values, state: as_result(np.asarray(values[element]))
    key = variable_key(element)
    if key is not None and element.dtype._is_ref_dtype:
        return _variable_getter(element, key)
    if element.dtype in (dtypes.resource, dtypes.variant):
        return lambda values, state: values.get(element, key)
    return lambda values, state: as_result(values[element])


def _variable_getter(element: Tensor, key: str) -> Callable[[dict[Tensor, Any], State], Any]:
    """A reference variable's value: that after the run (SEMANTICS.md)."""

    def get(values: dict[Tensor, Any], state: State) -> Any:
        with state.lock:  # so that no other thread donates the buffer meanwhile
            value = state.variables.get(key)
            return as_result(without_value(key, element.op) if value is None else value)

    return get


def as_result(value: Any) -> Any:
    """A fresh, writable NumPy array; a scalar for rank 0, as TensorFlow returns."""
    array = np.array(value)
    return array if array.shape else array[()]
