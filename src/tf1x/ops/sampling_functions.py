"""Losses over many classes that look at a few sampled ones: NCE and sampled softmax."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32, int64
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_moves, array_slicing, elementary, math
from tf1x.ops.candidate_sampling import ComputeAccidentalHits, log_uniform_candidate_sampler
from tf1x.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)
from tf1x.ops.embedding import embedding_lookup
from tf1x.ops.matmul import matmul
from tf1x.ops.sparse import SparseToDense


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """The noise-contrastive estimation loss: true classes against sampled ones, one by one.

    Args:
        weights: [num_classes, dim], or a list of parts of it (see `tf.nn.embedding_lookup` for
            `partition_strategy`).
        biases: [num_classes].
        labels: the true classes, int64 [batch, num_true].
        inputs: [batch, dim].
        num_sampled: how many classes to sample for the whole batch.
        sampled_values: what a candidate sampler returned; by default the log-uniform sampler is
            used, for which classes must be sorted by decreasing frequency.
        remove_accidental_hits: leave out sampled classes that are the example's own.

    Returns:
        The loss of each example: [batch].
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        partition_strategy,
        name,
        None,
    )
    losses = sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name="sampled_losses")
    return _row_sums(losses)


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """The softmax cross entropy among the true classes and sampled ones.

    The arguments are those of `tf.nn.nce_loss`, and `seed` for the sampler. It is for training:
    it is less than the loss over all classes.

    Returns:
        The loss of each example: [batch].
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        partition_strategy,
        name,
        seed,
    )
    targets = array.StopGradient(targets, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=targets, logits=logits)


def _row_sums(x: Tensor) -> Tensor:
    """The sum of each row, by a matrix product as in TensorFlow's graphs."""
    columns = array.shape(x)[1]
    ones = array.ones(array_moves.stack([columns, 1]), x.dtype)
    return array.Reshape(matmul(x, ones), [-1])


def _sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None,
    seed: int | None,
) -> tuple[Tensor, Tensor]:
    """Logits and targets [batch, num_true + num_sampled]: the true classes, then the sampled."""
    if hasattr(weights, "_get_variable_list"):  # a partitioned variable
        weights = weights._get_variable_list()
    parts = weights if isinstance(weights, list) else [weights]
    with scopes.name_scope(name, "compute_sampled_logits", [*parts, biases, inputs, labels]):
        labels = convert.to_tensor(labels, name="labels")
        inputs = convert.to_tensor(inputs, name="inputs")
        if labels.dtype.base_dtype != int64:
            labels = math.cast(labels, int64)
        flat = array.Reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                labels, num_true, num_sampled, True, num_classes, seed
            )
        sampled, true_count, sampled_count = (array.StopGradient(s) for s in sampled_values)
        sampled = math.cast(sampled, int64)
        ids = array_moves.concat([flat, sampled], 0)

        def rows(table: Any) -> Tensor:
            found = embedding_lookup(table, ids, partition_strategy=partition_strategy)
            return found if found.dtype == inputs.dtype else math.cast(found, inputs.dtype)

        every = rows(parts)
        true_w = array_slicing.slice_(every, [0, 0], array_moves.stack([array.shape(flat)[0], -1]))
        sampled_w = array_slicing.slice_(
            every, array_moves.stack([array.shape(flat)[0], 0]), [-1, -1]
        )
        sampled_logits = matmul(inputs, sampled_w, transpose_b=True)
        every = rows(biases)
        true_b = array_slicing.slice_(every, [0], array.shape(flat))
        sampled_b = array_slicing.slice_(every, array.shape(flat), [-1])
        true_logits = _dots(inputs, true_w, num_true)
        true_logits = true_logits + array.Reshape(true_b, [-1, num_true])
        sampled_logits = sampled_logits + sampled_b
        if remove_accidental_hits:
            sampled_logits = sampled_logits + _hits(
                labels, sampled, num_true, num_sampled, sampled_logits
            )
        true_logits = true_logits - elementary.Log(true_count)
        sampled_logits = sampled_logits - elementary.Log(sampled_count)
        logits = array_moves.concat([true_logits, sampled_logits], 1)
        targets = array_moves.concat(
            [array.ones_like(true_logits) / num_true, array.zeros_like(sampled_logits)], 1
        )
        return logits, targets


def _dots(inputs: Tensor, true_w: Tensor, num_true: int) -> Tensor:
    """Each input times the weights of its true classes: [batch, num_true]."""
    size = array.shape(true_w)[1:2]
    shape = array_moves.concat([[-1, num_true], size], 0)
    products = math.Mul(array.expand_dims(inputs, 1), array.Reshape(true_w, shape))
    matrix = array.Reshape(products, array_moves.concat([[-1], size], 0))
    return array.Reshape(_row_sums(matrix), [-1, num_true])


def _hits(
    labels: Tensor, sampled: Tensor, num_true: int, num_sampled: int, logits: Tensor
) -> Tensor:
    """-FLT_MAX where a sampled class is a true one of the row, else 0: [batch, num_sampled]."""
    indices, positions, weights = ComputeAccidentalHits(
        labels, sampled, num_true=num_true, _one_for_each=True
    )
    indices = array.Reshape(indices, [-1, 1])
    positions = array.Reshape(math.cast(positions, int32), [-1, 1])
    points = array_moves.concat([indices, positions], 1, "sparse_indices")
    shape = array_moves.concat([array.shape(labels)[:1], array.expand_dims(num_sampled, 0)], 0)
    if logits.dtype != weights.dtype:
        weights = math.cast(weights, logits.dtype)
    dense: Tensor = SparseToDense(points, shape, weights, 0.0, validate_indices=False)
    return dense
