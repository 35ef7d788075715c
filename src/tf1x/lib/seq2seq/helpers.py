"""Helpers: what a `BasicDecoder` samples from its outputs and takes as its next inputs."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import as_dtype, bool_, int32, int64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.rnn.dynamic import transpose_batch_time
from tf1x.ops import array, random, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import Tile, concat
from tf1x.ops.array_select import where
from tf1x.ops.checks import Assert
from tf1x.ops.control_flow import cond
from tf1x.ops.embedding import embedding_lookup
from tf1x.ops.tensor_array import TensorArray

__all__ = [
    "CustomHelper",
    "GreedyEmbeddingHelper",
    "Helper",
    "InferenceHelper",
    "SampleEmbeddingHelper",
    "ScheduledEmbeddingTrainingHelper",
    "ScheduledOutputTrainingHelper",
    "TrainingHelper",
    "bernoulli_sample",
    "categorical_sample",
]


# -- sampling ------------------------------------------------------------------------------------


def bernoulli_sample(
    probs: Any = None,
    logits: Any = None,
    dtype: Any = int32,
    sample_shape: Any = (),
    seed: int | None = None,
) -> Tensor:
    """1 with probability `probs` (or sigmoid(logits)), else 0, [*sample_shape, *probs.shape]."""
    if probs is None:
        chances = math_ops.Sigmoid(logits, name="probs")
    else:
        chances = convert.to_tensor(probs, name="probs")
    outer = array.reshape(convert.to_tensor(sample_shape, int32, name="sample_shape"), [-1])
    shape = concat([outer, array.shape(chances)], 0)
    uniform = random.random_uniform(shape, seed=seed, dtype=chances.dtype)
    sample: Tensor = math_ops.cast(math_ops.Less(uniform, chances), dtype)
    return sample


def categorical_sample(
    logits: Any, dtype: Any = int32, sample_shape: Any = (), seed: int | None = None
) -> Tensor:
    """Classes drawn with probabilities softmax(logits), [*sample_shape, *logits.shape[:-1]]."""
    logits = convert.to_tensor(logits, name="logits")
    outer = array.reshape(convert.to_tensor(sample_shape, int32, name="sample_shape"), [-1])
    shape = array.shape(logits)
    rows = logits if logits.shape.ndims == 2 else array.reshape(logits, [-1, shape[-1]])
    wide = int64 if logits.dtype.size > 4 else int32
    count = reduce.reduce_prod(outer)
    draws = random.multinomial(rows, count, seed=seed, output_dtype=wide)
    samples = array.reshape(transpose_batch_time(draws), concat([outer, shape[:-1]], 0))
    sample: Tensor = math_ops.cast(samples, dtype)
    if isinstance(sample_shape, tuple) and not sample_shape and logits.shape.ndims is not None:
        sample.set_shape(logits.shape[:-1])
    return sample


def embedding_function(embedding: Any) -> Callable[[Any], Any]:
    """`embedding` if it is a function of ids, else the look-up in that table."""
    if callable(embedding):
        return embedding  # type: ignore[no-any-return]
    return lambda ids: embedding_lookup(embedding, ids)


# -- the base ------------------------------------------------------------------------------------


class Helper(abc.ABC):
    """What a `BasicDecoder` asks at the start and in each step."""

    @property
    @abc.abstractmethod
    def batch_size(self) -> Any:
        """The number of sequences, a scalar int32 tensor."""

    @property
    def sample_ids_shape(self) -> TensorShape:
        """Shape of what `sample` returns, without the batch; by default one for each sequence."""
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """Type of what `sample` returns, int32 by default."""
        return int32

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """(finished, inputs) before the first step."""

    @abc.abstractmethod
    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What is drawn from the outputs of a step."""

    @abc.abstractmethod
    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """(finished, inputs, state) for the next step."""


class CustomHelper(Helper):
    """A helper made of functions.

    Args:
        initialize_fn: returns (finished, inputs).
        sample_fn: takes (time, outputs, state) by keyword, returns the sample.
        next_inputs_fn: takes (time, outputs, state, sample_ids) by keyword, returns (finished,
            inputs, state).
        sample_ids_shape, sample_ids_dtype: of the sample, without the batch; int32 scalars by
            default.
    """

    def __init__(
        self,
        initialize_fn: Callable[..., Any],
        sample_fn: Callable[..., Any],
        next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = as_dtype(sample_ids_dtype or int32)

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Any:
        with scopes.name_scope(name, f"{type(self).__name__}Initialize"):
            finished, inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = array.size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with scopes.name_scope(name, f"{type(self).__name__}Sample"):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        with scopes.name_scope(name, f"{type(self).__name__}NextInputs"):
            return self._next_inputs_fn(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )


# -- training ------------------------------------------------------------------------------------


def _unstacked(values: Tensor) -> TensorArray:
    """The steps of a time-major tensor."""
    steps = TensorArray(values.dtype, size=array.shape(values)[0], element_shape=values.shape[1:])
    return steps.unstack(values)


class TrainingHelper(Helper):
    """Takes the inputs of each step from given sequences; samples are the argmax of the outputs.

    Args:
        inputs: a tensor [batch, time, ...].
        sequence_length: how many steps of each sequence count, a vector of ints.
        time_major: whether `inputs` is [time, batch, ...].

    Raises:
        ValueError: `sequence_length` is not a vector.
        InvalidArgumentError (at run time): a sequence is longer than `inputs`.
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None
    ) -> None:
        with scopes.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            self._inputs = nest.map_structure(lambda x: convert.to_tensor(x, name="inputs"), inputs)
            steps = self._inputs
            if not time_major:
                steps = nest.map_structure(transpose_batch_time, steps)
            self._steps = nest.map_structure(_unstacked, steps)
            lengths = convert.to_tensor(sequence_length, name="sequence_length")
            if lengths.shape.ndims != 1:
                raise ValueError(
                    f"Expected sequence_length to be a vector, but received shape: {lengths.shape}"
                )
            self._sequence_length = lengths
            self._zero_inputs = nest.map_structure(lambda x: array.zeros_like(x[0, :]), steps)
            self._max_time = array.shape(nest.flatten(steps)[0])[0]
            self._batch_size = array.size(lengths)

    @property
    def inputs(self) -> Any:
        return self._inputs

    @property
    def sequence_length(self) -> Tensor:
        return self._sequence_length

    @property
    def batch_size(self) -> Tensor:
        return self._batch_size

    def initialize(self, name: str | None = None) -> Any:
        with scopes.name_scope(name, "TrainingHelperInitialize"):
            finished = math_ops.Equal(0, self._sequence_length)
            inputs = cond(
                reduce.reduce_all(finished),
                lambda: self._zero_inputs,
                lambda: nest.map_structure(lambda ta: ta.read(0), self._steps),
            )
        return finished, inputs

    def sample(self, time: Any, outputs: Any, name: str | None = None, **unused: Any) -> Tensor:
        with scopes.name_scope(name, "TrainingHelperSample", [time, outputs]):
            ids: Tensor = math_ops.cast(reduce.argmax(outputs, axis=-1), int32)
        return ids

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, name: str | None = None, **unused: Any
    ) -> Any:
        with scopes.name_scope(name, "TrainingHelperNextInputs", [time]):
            finished, everywhere = self._finished(time)
            inputs = nest.map_structure(
                lambda ta, zero: where(everywhere, zero, self._following(ta, time)),
                self._steps,
                self._zero_inputs,
            )
        return finished, inputs, state

    def inputs_at(self, time: Any) -> Any:
        """The inputs of a step, if they follow from its number alone; else None."""
        if type(self).next_inputs is not TrainingHelper.next_inputs:
            return None
        return nest.map_structure(lambda ta: ta.read(time), self._steps)

    def _finished(self, time: Any) -> tuple[Tensor, Tensor]:
        """Which sequences have no step after `time`, and whether that holds of all."""
        finished = math_ops.GreaterEqual(time + 1, self._sequence_length)
        everywhere = reduce.reduce_all(finished)
        there = math_ops.LogicalOr(everywhere, math_ops.Less(time + 1, self._max_time))
        message = "A sequence_length is greater than the number of steps of the inputs."
        with scopes.control_dependencies([Assert(there, [message, self._sequence_length])]):
            return array.identity(finished), everywhere

    def _following(self, steps: TensorArray, time: Any) -> Tensor:
        """The step after `time`; the last one again where there is none."""
        # The index depends on the time alone, so the runtime can read all steps at once.
        return steps.read(math_ops.Minimum(time + 1, self._max_time - 1))


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """`TrainingHelper` that now and then takes the embedding of a sampled id instead of the input.

    Samples are -1 where the input is taken.

    Args:
        inputs, sequence_length, time_major: as those of `TrainingHelper`.
        embedding: a function of ids, or a table.
        sampling_probability: how often to sample, a scalar, or a vector over the batch.
        seed: of what is sampled.
        scheduling_seed: of the choice whether to sample.

    Raises:
        ValueError: `sampling_probability` is neither a scalar nor a vector.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        with scopes.name_scope(name, "ScheduledEmbeddingSamplingWrapper"):
            self._embedding_fn = embedding_function(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, name: str | None = None
    ) -> Tensor:
        with scopes.name_scope(name, "ScheduledEmbeddingTrainingHelperSample", [time, outputs]):
            chosen = _choices(self._sampling_probability, self.batch_size, self._scheduling_seed)
            ids = categorical_sample(logits=outputs, seed=self._seed)
            return where(chosen, ids, array.Fill(array.shape(ids), -1))

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        with scopes.name_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs", [time]):
            finished, given, state = super().next_inputs(time, outputs, state, name)
            chosen = math_ops.Greater(sample_ids, -1)
            sampled = self._embedding_fn(math_ops.Maximum(sample_ids, 0))
            chosen = math_ops.LogicalAnd(chosen, math_ops.LogicalNot(reduce.reduce_all(finished)))
            return finished, where(chosen, sampled, given), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """`TrainingHelper` that now and then takes the outputs of the last step instead of the input.

    Samples are 1 where the outputs are taken, else 0.

    Args:
        inputs, sequence_length, time_major: as those of `TrainingHelper`.
        sampling_probability: how often to take outputs, a scalar, or a vector over the batch.
        seed: of that choice.
        next_inputs_fn: makes inputs from outputs; without it they are taken as they are. A layer
            too (`next_input_layer`, the older name).
        auxiliary_inputs: a tensor like `inputs` that is put beside them, and beside the outputs.

    Raises:
        ValueError: `sampling_probability` is neither a scalar nor a vector.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable[[Any], Any] | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
        next_input_layer: Any = None,
    ) -> None:
        with scopes.name_scope(name, "ScheduledOutputTrainingHelper"):
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn or next_input_layer
            self._beside: Any = None
            if auxiliary_inputs is not None:
                inputs = convert.to_tensor(inputs, name="inputs")
                beside = convert.to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = concat((inputs, beside), -1)
                self._beside = _unstacked(beside if time_major else transpose_batch_time(beside))
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, name: str | None = None
    ) -> Tensor:
        with scopes.name_scope(name, "ScheduledOutputTrainingHelperSample", [time]):
            chosen = _choices(self._sampling_probability, self.batch_size, self._seed)
            ids: Tensor = math_ops.cast(chosen, int32)
            return ids

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        with scopes.name_scope(name, "ScheduledOutputTrainingHelperNextInputs", [time]):
            finished, given, state = super().next_inputs(time, outputs, state, name)
            everywhere = reduce.reduce_all(finished)
            made = outputs if self._next_inputs_fn is None else self._next_inputs_fn(outputs)
            if self._beside is not None:
                made = concat((made, self._following(self._beside, time)), -1)
            chosen = math_ops.LogicalAnd(
                math_ops.cast(sample_ids, bool_), math_ops.LogicalNot(everywhere)
            )
            return finished, where(chosen, made, given), state


def _probability(value: Any) -> Tensor:
    tensor = convert.to_tensor(value, name="sampling_probability")
    if tensor.shape.ndims not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {tensor.shape}"
        )
    return tensor


def _choices(probability: Tensor, batch_size: Any, seed: int | None) -> Tensor:
    """True with some probability, for each sequence."""
    if probability.shape.ndims == 1:
        return bernoulli_sample(probability, dtype=bool_, seed=seed)
    return bernoulli_sample(probability, dtype=bool_, sample_shape=batch_size, seed=seed)


# -- inference -----------------------------------------------------------------------------------


class GreedyEmbeddingHelper(Helper):
    """Takes the embedding of the most probable id as the next input.

    Args:
        embedding: a function of ids, or a table.
        start_tokens: the ids of the first inputs, a vector int32 over the batch.
        end_token: the id that ends a sequence, a scalar int32.

    Raises:
        ValueError: arguments of another rank.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = embedding_function(embedding)
        self._start_tokens = convert.to_tensor(start_tokens, int32, name="start_tokens")
        self._end_token = convert.to_tensor(end_token, int32, name="end_token")
        if self._start_tokens.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array.size(self._start_tokens)
        self._start_inputs = self._embedding_fn(self._start_tokens)

    @property
    def batch_size(self) -> Tensor:
        return self._batch_size

    def initialize(self, name: str | None = None) -> Any:
        return Tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Tensor:
        return reduce.argmax(self._logits(outputs), axis=-1, output_type=int32)

    def _logits(self, outputs: Any) -> Tensor:
        if not isinstance(outputs, Tensor):
            raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
        return outputs

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        finished = math_ops.Equal(sample_ids, self._end_token)
        return finished, self._embedding_fn(sample_ids), state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """`GreedyEmbeddingHelper` that draws ids at random, with probabilities softmax(outputs).

    Args:
        softmax_temperature: the outputs are divided by it; above 1 the ids are more random.
        seed: of the random numbers.
    """

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Tensor:
        logits = self._logits(outputs)
        if self._softmax_temperature is not None:
            logits = logits / self._softmax_temperature
        return categorical_sample(logits=logits, seed=self._seed)


class InferenceHelper(Helper):
    """A helper for inference with functions of its own.

    Args:
        sample_fn: takes the outputs, returns the sample.
        sample_shape, sample_dtype: of the sample, without the batch.
        start_inputs: inputs of the first step.
        end_fn: takes the sample, returns for each sequence whether it ends.
        next_inputs_fn: takes the sample, returns the next inputs; by default the sample itself.
    """

    def __init__(
        self,
        sample_fn: Callable[[Any], Any],
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable[[Any], Any],
        next_inputs_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._next_inputs_fn = next_inputs_fn
        self._sample_shape = TensorShape(sample_shape)
        self._sample_dtype = as_dtype(sample_dtype)
        self._start_inputs = convert.to_tensor(start_inputs, name="start_inputs")
        self._batch_size = array.shape(self._start_inputs)[0]

    @property
    def batch_size(self) -> Tensor:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Any:
        return Tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        made = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), made, state
