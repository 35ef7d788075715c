"""What recurrent functions share: the first state, and steps after the end of a sequence."""

from __future__ import annotations

from typing import Any

from tf1x.core import nest
from tf1x.core.dtypes import as_dtype
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value_as_shape
from tf1x.ops.array_select import where
from tf1x.ops.tensor_array import TensorArray


def initial_state_of(cell: Any, given: Any, batch_size: Any, dtype: Any) -> Any:
    """The state that is given, else the one that the cell starts with.

    Raises:
        ValueError: no state and no `dtype`.
    """
    if given is not None:
        return given
    if not dtype:
        raise ValueError("If there is no initial_state, you must give a dtype.")
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def state_dtype(explicit: Any, state: Any) -> Any:
    """The type that is given, else that of all parts of a state.

    Raises:
        ValueError: the parts' types differ, or there are none.
    """
    if explicit is not None:
        return explicit
    types = [as_dtype(part.dtype).base_dtype for part in nest.flatten(state)]
    if not types:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(dtype is not types[0] for dtype in types):
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single "
            "representative dtype."
        )
    return types[0]


def known_size(size: Any) -> TensorShape:
    """What is known now of a size: an int, a TensorShape, or a tensor."""
    return constant_value_as_shape(size) if isinstance(size, Tensor) else TensorShape(size)


def copied_through(
    finished: Tensor, zero_output: Any, output: Any, state: Any, new_state: Any
) -> tuple[Any, Any]:
    """Output and state of a step, but zeros and the old state for the sequences that ended.

    Args:
        finished: whether each sequence ended before this step, [batch].

    Raises:
        ValueError, TypeError: the cell returned other structures than it said.
    """
    nest.assert_same_structure(zero_output, output)
    nest.assert_same_structure(state, new_state)

    def chosen(old: Any, new: Any) -> Any:
        if isinstance(old, TensorArray) or old.shape.ndims == 0:
            return new
        value = where(finished, old, new)
        value.set_shape(old.shape)
        return value

    return nest.map_structure(chosen, zero_output, output), nest.map_structure(
        chosen, state, new_state
    )
