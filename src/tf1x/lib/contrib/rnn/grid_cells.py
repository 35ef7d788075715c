"""LSTMs in time and frequency: `TimeFreqLSTMCell`, `GridLSTMCell` and its bidirectional form."""

from __future__ import annotations

import collections
from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.rnn.parts import sharded, with_peephole
from tf1x.lib.initializers import Zeros
from tf1x.lib.rnn.base import RNNCell, affine, columns, input_depth
from tf1x.lib.rnn.lstm_cells import warn_of_concatenated_state
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.array_pad import pad
from tf1x.ops.math_functions import clip_by_value

_sigmoid, _tanh = math_ops.Sigmoid, math_ops.Tanh


def _clipped(value: Any, bound: float | None) -> Any:
    return value if bound is None else clip_by_value(value, -bound, bound)


class TimeFreqLSTMCell(RNNCell):
    """LSTM over overlapping slices of its inputs, each seeing the one before (Sainath and Li 2016).

    Args:
        num_units: size of the memory of each slice.
        use_peepholes: whether the gates see the memory.
        cell_clip: largest magnitude of the memory.
        initializer: accepted and not used, as in TensorFlow.
        num_unit_shards: how many variables hold the kernel.
        forget_bias: added to the forget gate's input.
        feature_size: size of a slice.
        frequency_skip: distance between slices.
        reuse: whether the variables exist already in the scope.

    The state of all slices is one matrix, [c, h] slice by slice; as in TensorFlow, `state_size`
    and `output_size` tell those of a single slice.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int = 1,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip

    @property
    def state_size(self) -> int:
        return 2 * self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        units = self._num_units
        dtype = inputs.dtype.base_dtype
        slices = _slices(inputs, 0, input_depth(inputs.shape), self._feature_size, self._frequency_skip)  # fmt: skip
        rows = input_depth(slices[0].shape) + 2 * units
        kernel = sharded("W", [rows, 4 * units], dtype, self._num_unit_shards)
        bias = get_variable("B", shape=[4 * units], initializer=Zeros(), dtype=dtype)
        w_f = w_i = w_o = None
        if self._use_peepholes:
            w_f, w_i, w_o = (
                get_variable(f"W_{gate}_diag", shape=[units], dtype=dtype) for gate in "FIO"
            )
        below = array.zeros([int(inputs.shape[0]), units], dtype)
        states, outputs = [], []
        for number, part in enumerate(slices):
            before = columns(state, 2 * number * units, units)
            last = columns(state, (2 * number + 1) * units, units)
            i, j, f, o = split(affine([part, last, below], kernel, bias), 4, axis=1)
            kept = _sigmoid(with_peephole(f + self._forget_bias, w_f, before)) * before
            c = kept + _sigmoid(with_peephole(i, w_i, before)) * _tanh(j)
            c = _clipped(c, self._cell_clip)
            below = _sigmoid(with_peephole(o, w_o, c)) * _tanh(c)
            states += [c, below]
            outputs.append(below)
        return concat(outputs, 1), concat(states, 1)


def _slices(inputs: Any, start: int, end: int, size: Any, skip: Any) -> list[Tensor]:
    """Overlapping slices of the columns from `start` to `end`."""
    count = int((end - start - size) / skip) + 1
    return [columns(inputs, start + i * skip, size) for i in range(count)]


class _Peepholes:
    """The weights of both memories (of frequency and of time) in the gates of a grid cell."""

    def __init__(self, names: str, block: int, units: int, dtype: Any) -> None:
        """`names` are those of gates and of a kernel ("freq" or "time")."""
        gates, kernel = names.split()
        self._weights = {
            gate: [
                get_variable(f"W_{gate}_diag_{kernel}{memory}_{block}", shape=[units], dtype=dtype)
                for memory in "ft"
            ]
            for gate in gates
        }

    def __call__(self, gate: str, value: Any, frequency: Any, time: Any) -> Any:
        of_frequency, of_time = self._weights[gate]
        return value + of_frequency * frequency + of_time * time


def _no_peepholes(gate: str, value: Any, frequency: Any, time: Any) -> Any:
    return value


class GridLSTMCell(RNNCell):
    """LSTMs along time and along frequency over slices of the inputs (Kalchbrenner et al. 2016,
    arXiv 1507.01526; peepholes as Sainath and Li 2016).

    Args:
        num_units: size of each memory.
        use_peepholes: whether the gates see both memories.
        share_time_frequency_weights: whether both LSTMs have the same weights.
        cell_clip: largest magnitude of the memories.
        initializer: accepted and not used, as in TensorFlow.
        num_unit_shards: how many variables hold each kernel.
        forget_bias: added to the forget gates' inputs.
        feature_size, frequency_skip: size of a slice, and distance between slices.
        num_frequency_blocks: list with the number of slices of each block.
        start_freqindex_list, end_freqindex_list: first and last column of each block; one block of
            all columns by default.
        couple_input_forget_gates: whether the forget gate is 1 - input gate.
        state_is_tuple: whether the state is a named tuple, else one matrix.
        reuse: whether the variables exist already in the scope.

    Raises:
        ValueError: no `num_frequency_blocks`; when called, counts that do not fit the inputs.
    """

    _DIRECTIONS: tuple[str, ...] = ("state",)
    _STATE_NAME = "GridLSTMStateTuple"

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Any = None,
        start_freqindex_list: Any = None,
        end_freqindex_list: Any = None,
        couple_input_forget_gates: bool = False,
        state_is_tuple: bool = True,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        if not state_is_tuple:
            warn_of_concatenated_state(self)
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._shared = share_time_frequency_weights
        self._coupled = couple_input_forget_gates
        self._state_is_tuple = state_is_tuple
        self._cell_clip = cell_clip
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip
        self._blocks = [int(count) for count in num_frequency_blocks]
        self._starts, self._ends = start_freqindex_list, end_freqindex_list
        names = [
            f"{direction}_f{number:02d}_b{block:02d}_{part}"
            for direction in self._DIRECTIONS
            for block, count in enumerate(self._blocks)
            for number in range(count)
            for part in "cm"
        ]
        self._sizes = [num_units] * len(names)
        self._state_tuple_type = (
            collections.namedtuple(self._STATE_NAME, names) if state_is_tuple else None  # type: ignore[misc]
        )

    @property
    def state_tuple_type(self) -> Any:
        """The class of the state; None where it is a matrix."""
        return self._state_tuple_type

    @property
    def state_size(self) -> Any:
        if self._state_tuple_type is None:
            return sum(self._sizes)
        return self._state_tuple_type(*self._sizes)

    @property
    def output_size(self) -> int:
        return sum(self._sizes)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        outputs, states = self._sweep(self._features(inputs), state, "state")
        return concat(outputs, 1), self._packed(states)

    def _packed(self, states: list[Any]) -> Any:
        if self._state_tuple_type is None:
            return concat(states, 1)
        return self._state_tuple_type(*states)

    def _features(self, inputs: Any, offset: int = 0) -> list[list[Tensor]]:
        """The slices of each block, moved by `offset` columns."""
        depth = input_depth(inputs.shape)
        if offset:
            inputs = pad(inputs, [[0, 0], [0, offset] if offset > 0 else [-offset, 0]])
        moved = max(offset, 0)
        starts, ends = (self._starts, self._ends) if self._starts else ([0], [depth])
        if not len(starts) == len(ends) == len(self._blocks):
            raise ValueError(
                f"num_frequency_blocks, start_freqindex_list and end_freqindex_list have lengths "
                f"{len(self._blocks)}, {len(starts)}, {len(ends)}: they must be the same."
            )
        found = []
        for start, end, count in zip(starts, ends, self._blocks, strict=True):
            size, skip = self._feature_size, self._frequency_skip
            slices = _slices(inputs, start + moved, end + moved, size, skip)
            if len(slices) != count:
                raise ValueError(
                    f"Invalid num_frequency_blocks, requires {count} but gets {len(slices)}, "
                    "please check the input size and filter config are correct."
                )
            found.append(slices)
        return found

    def _sweep(
        self, blocks: list[list[Tensor]], state: Any, direction: str
    ) -> tuple[list[Any], list[Any]]:
        """Outputs and new states of all slices of all blocks."""
        outputs: list[Any] = []
        states: list[Any] = []
        for block, slices in enumerate(blocks):
            weights = self._weights(block, slices[0])
            batch = slices[0].shape[0].value or array.shape(slices[0])[0]
            zeros = array.zeros([batch, self._num_units], slices[0].dtype.base_dtype)
            below = zeros, zeros
            for number, part in enumerate(slices):
                name = f"{direction}_f{number:02d}_b{block:02d}"
                (c, h), below = self._step(part, self._before(state, name, number), below, weights)
                outputs += [h, below[1]]
                states += [c, h]
        return outputs, states

    def _before(self, state: Any, name: str, number: int) -> tuple[Any, Any]:
        if self._state_is_tuple:
            return getattr(state, f"{name}_c"), getattr(state, f"{name}_m")
        units = self._num_units
        return columns(state, 2 * number * units, units), columns(
            state, (2 * number + 1) * units, units
        )

    def _weights(self, block: int, part: Any) -> list[tuple[Any, Any, Any]]:
        """Kernel, bias and peepholes along frequency and along time."""
        dtype, units = part.dtype.base_dtype, self._num_units
        columns_ = (3 if self._coupled else 4) * units
        kinds = "f" if self._shared else "ft"
        products = [
            (
                sharded(
                    f"W_{kind}_{block}",
                    [input_depth(part.shape) + 2 * units, columns_],
                    dtype,
                    self._num_unit_shards,
                ),
                get_variable(
                    f"B_{kind}_{block}", shape=[columns_], initializer=Zeros(), dtype=dtype
                ),
            )
            for kind in kinds
        ]
        gates = "IO" if self._coupled else "FIO"
        names = {"f": f"{gates} freq", "t": f"{gates} time"}
        found = []
        for kind, (kernel, bias) in zip(kinds, products, strict=True):
            seen: Any = _no_peepholes
            if self._use_peepholes:
                seen = _Peepholes(names[kind], block, units, dtype)
            found.append((kernel, bias, seen))
        return found * 2 if self._shared else found

    def _step(
        self, part: Any, time: Any, frequency: Any, weights: list[tuple[Any, Any, Any]]
    ) -> tuple[Any, Any]:
        """New states (memory, output) of time and of frequency."""
        parts = [part, time[1], frequency[1]]
        memories, gates = [], []
        for (kernel, bias, seen), own in zip(weights, (frequency[0], time[0]), strict=True):
            products = split(affine(parts, kernel, bias), 3 if self._coupled else 4, axis=1)
            i, j, *rest = products
            put = _sigmoid(seen("I", i, frequency[0], time[0]))
            if self._coupled:
                kept = 1.0 - put
            else:
                kept = _sigmoid(seen("F", rest[0] + self._forget_bias, frequency[0], time[0]))
            memories.append(_clipped(kept * own + put * _tanh(j), self._cell_clip))
            gates.append(rest[-1])
        c_frequency, c_time = memories
        h_frequency, h_time = (
            _sigmoid(seen("O", gate, c_frequency, c_time)) * _tanh(c)
            for (_, _, seen), gate, c in zip(weights, gates, memories, strict=True)
        )
        return (c_time, h_time), (c_frequency, h_frequency)


class BidirectionalGridLSTMCell(GridLSTMCell):
    """`GridLSTMCell` that runs through the frequencies in both directions.

    Args:
        backward_slice_offset: by how many columns the slices of the backward direction are moved.
        num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer,
            num_unit_shards, forget_bias, feature_size, frequency_skip, num_frequency_blocks,
            start_freqindex_list, end_freqindex_list, couple_input_forget_gates, reuse: as those
            of `GridLSTMCell`.
    """

    _DIRECTIONS = ("fwd_state", "bwd_state")
    _STATE_NAME = "BidirectionalGridLSTMStateTuple"

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Any = None,
        start_freqindex_list: Any = None,
        end_freqindex_list: Any = None,
        couple_input_forget_gates: bool = False,
        backward_slice_offset: int = 0,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer,
            num_unit_shards, forget_bias, feature_size, frequency_skip, num_frequency_blocks,
            start_freqindex_list, end_freqindex_list, couple_input_forget_gates, True, reuse,
            **kwargs,
        )  # fmt: skip
        self._offset = int(backward_slice_offset)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        with variable_scope("fwd"):
            outputs, states = self._sweep(self._features(inputs), state, "fwd_state")
        backward = [slices[::-1] for slices in self._features(inputs, self._offset)]
        with variable_scope("bwd"):
            more, more_states = self._sweep(backward, state, "bwd_state")
        return concat(outputs + more, 1), self._packed(states + more_states)
