"""What the cells of `tf.contrib.rnn` share."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.layers.normalization import layer_norm
from tf1x.lib.initializers import Constant
from tf1x.lib.rnn.base import RNNCell
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops.array_moves import concat


class LSTMShaped(RNNCell):
    """A cell with a memory of `num_units` and an output that may be projected."""

    def __init__(self, num_units: int, num_proj: int | None, reuse: Any, **kwargs: Any) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._output_size = num_proj or num_units

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self) -> int:
        return self._output_size


class UnitsShaped(RNNCell):
    """A cell whose state and output have `num_units`."""

    def __init__(self, num_units: int, reuse: Any, **kwargs: Any) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units

    @property
    def state_size(self) -> int:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units


def with_peephole(gate: Any, weights: Any, memory: Any) -> Any:
    """`gate + weights * memory`; `gate` itself without weights."""
    return gate if weights is None else gate + weights * memory


def norm(gain: float, shift: float, value: Any, scope: str, dtype: Any = None) -> Tensor:
    """`value` with its rows normalised, by variables `gamma` and `beta` of a scope."""
    size = value.shape[-1:]
    with variable_scope(scope):
        get_variable("gamma", shape=size, initializer=Constant(gain), dtype=dtype)
        get_variable("beta", shape=size, initializer=Constant(shift), dtype=dtype)
    normalized: Tensor = layer_norm(value, reuse=True, scope=scope)
    return normalized


def sharded(name: str, shape: list[int], dtype: Any, shards: int) -> Any:
    """A matrix whose rows are in the variables `name_0`, `name_1`, ...

    Raises:
        ValueError: more shards than rows.
    """
    if shards > shape[0]:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={shards}")
    size, more = divmod(shape[0], shards)
    parts = [
        get_variable(f"{name}_{i}", [size + (i < more), *shape[1:]], dtype=dtype)
        for i in range(shards)
    ]
    return parts[0] if len(parts) == 1 else concat(parts, 0, name=f"{name}/concat")
