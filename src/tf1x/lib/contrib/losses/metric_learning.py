"""Losses that bring embeddings of one class together and part those of different classes."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import array, array_moves, array_select, cross_entropy, elementary, math, reduce
from tf1x.ops.array_diag import Diag
from tf1x.ops.math_functions import add, truediv
from tf1x.ops.matmul import matmul
from tf1x.ops.script import Print_
from tf1x.ops.sparse_functions import sparse_tensor_to_dense


def _float(x: Any) -> Tensor:
    made: Tensor = math.cast(x, float32)
    return made


def _off_diagonal(size: Tensor) -> Tensor:
    return 1.0 - Diag(array.ones([size]))


def _distances(embeddings: Tensor, squared: bool = False) -> Tensor:
    """The distances between all rows, [n, n]; 0 with a gradient of 0 where rows are equal."""
    transposed = array_moves.transpose(embeddings)
    rows = reduce.reduce_sum(elementary.Square(embeddings), [1], True)
    columns = reduce.reduce_sum(elementary.Square(transposed), [0], True)
    squares = math.Maximum(add(rows, columns) - 2.0 * matmul(embeddings, transposed), 0.0)
    same = math.LessEqual(squares, 0.0)
    # The square root's slope at 0 is infinite: a small number goes in where the result is masked.
    found = squares if squared else elementary.Sqrt(squares + _float(same) * 1e-16)
    found = math.Mul(found, _float(math.LogicalNot(same)))
    masked: Tensor = math.Mul(found, _off_diagonal(array.shape(embeddings)[0]))
    return masked


def _same_label(labels: Tensor) -> Tensor:
    """Whether the labels of i and j are equal, [n, n].

    Raises:
        ValueError: the labels are no vector.
    """
    labels.shape.assert_has_rank(1)
    column = array.Reshape(labels, [array.shape(labels)[0], 1])
    found: Tensor = math.Equal(column, array_moves.transpose(column))
    return found


def _masked_extreme(x: Tensor, mask: Tensor, smallest: bool) -> Tensor:
    """The smallest or largest of each row's elements with mask 1; of none, the opposite extreme."""
    over, other = (reduce.reduce_min, reduce.reduce_max) if smallest else (
        reduce.reduce_max, reduce.reduce_min
    )  # fmt: skip
    base = other(x, 1, True)
    return over(math.Mul(x - base, mask), 1, True) + base


def contrastive_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0
) -> Tensor:
    """For pairs with label 1 the squared distance; for label 0 (margin - distance) squared, if positive.

    Args:
        labels: 0 or 1 for each pair, [batch].
        embeddings_anchor, embeddings_positive: the two of each pair, [batch, size].

    Returns:
        The mean, a float32 scalar.
    """
    differences = elementary.Square(embeddings_anchor - embeddings_positive)
    distances = elementary.Sqrt(reduce.reduce_sum(differences, 1))
    alike = _float(labels)
    apart = elementary.Square(math.Maximum(margin - distances, 0.0))
    losses = alike * elementary.Square(distances) + (1.0 - alike) * apart
    return reduce.reduce_mean(losses, name="contrastive_loss")


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """The triplet loss with semi-hard negatives (FaceNet, arXiv 1503.03832).

    For each anchor and positive of one label: margin + their squared distance - that to a negative,
    where above 0. The negative is the nearest one farther away than the positive; if none is, the
    farthest of all.

    Args:
        labels: class numbers, [batch].
        embeddings: rows of length 1, [batch, size].

    Returns:
        The mean over all pairs of one label, a float32 scalar.
    """
    labels, embeddings = convert.to_tensor(labels), convert.to_tensor(embeddings)
    distances = _distances(embeddings, squared=True)
    alike = _same_label(labels)
    different = math.LogicalNot(alike)
    size = array.size(labels)
    # Row (p, a) of the tiled matrices: the distances of anchor a, with the positive p in mind.
    tiled = array_moves.Tile(distances, [size, 1])
    to_positive = array.Reshape(array_moves.transpose(distances), [-1, 1])
    farther = math.LogicalAnd(
        array_moves.Tile(different, [size, 1]), math.Greater(tiled, to_positive)
    )
    farther = _float(farther)

    def by_anchor(column: Tensor) -> Tensor:
        return array_moves.transpose(array.Reshape(column, [size, size]))

    some_farther = by_anchor(math.Greater(reduce.reduce_sum(farther, 1, True), 0.0))
    outside = by_anchor(_masked_extreme(tiled, farther, smallest=True))
    inside = array_moves.Tile(
        _masked_extreme(distances, _float(different), smallest=False), [1, size]
    )
    losses = add(margin, distances - array_select.where(some_farther, outside, inside))
    positives = _float(alike) - Diag(array.ones([size]))
    total = reduce.reduce_sum(math.Maximum(math.Mul(losses, positives), 0.0))
    return truediv(total, reduce.reduce_sum(positives), name="triplet_semihard_loss")


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """The lifted structured loss (arXiv 1511.06452).

    For each pair of one label: its distance, plus the log of the sum of exp(margin - distance) over
    all negatives of either; squared where above 0.

    Args:
        labels: class numbers, [batch].
        embeddings: [batch, size], not normalised.

    Returns:
        Half the mean over the pairs of one label, a float32 scalar.
    """
    labels, embeddings = convert.to_tensor(labels), convert.to_tensor(embeddings)
    distances = _distances(embeddings)
    alike = _same_label(labels)
    size = array.size(labels)
    closeness = margin - distances
    negatives = _float(math.LogicalNot(alike))
    largest = _masked_extreme(closeness, negatives, smallest=False)
    # The logarithm of a sum of exponentials, each less the pair's largest.
    most = math.Maximum(largest, array_moves.transpose(largest))
    shift = array.Reshape(array_moves.transpose(most), [-1, 1])
    exponentials = elementary.Exp(array_moves.Tile(closeness, [size, 1]) - shift)
    terms = math.Mul(exponentials, array_moves.Tile(negatives, [size, 1]))
    of_one = array.Reshape(reduce.reduce_sum(terms, 1, True), [size, size])
    losses = most + elementary.Log(of_one + array_moves.transpose(of_one)) + distances
    positives = _float(alike) - Diag(array.ones([size]))
    count = reduce.reduce_sum(positives) / 2.0
    squares = elementary.Square(math.Maximum(math.Mul(losses, positives), 0.0))
    return truediv(0.25 * reduce.reduce_sum(squares), count, name="liftedstruct_loss")


def npairs_loss(
    labels: Any,
    embeddings_anchor: Any,
    embeddings_positive: Any,
    reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> Tensor:
    """The n-pairs loss (Sohn, 2016): cross entropy of the similarities, and a penalty on length.

    Args:
        labels: one class number a pair, [pairs].
        embeddings_anchor, embeddings_positive: [pairs, size], not normalised.
        reg_lambda: weight of the squared lengths.
        print_losses: print both parts when they are computed.

    Returns:
        A float32 scalar.
    """
    alike = _float(_same_label(convert.to_tensor(labels)))
    return _npairs(alike, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def _npairs(
    shared: Tensor, anchors: Any, positives: Any, reg_lambda: float, print_losses: bool
) -> Tensor:
    """The loss from how many labels the pairs i and j share."""
    lengths = [
        reduce.reduce_mean(reduce.reduce_sum(elementary.Square(e), 1)) for e in (anchors, positives)
    ]
    penalty = math.Mul(0.25 * reg_lambda, lengths[0] + lengths[1], name="l2loss")
    similarity = matmul(anchors, positives, transpose_b=True)
    wanted = shared / reduce.reduce_sum(shared, 1, True)
    losses = cross_entropy.softmax_cross_entropy_with_logits(logits=similarity, labels=wanted)
    loss = reduce.reduce_mean(losses, name="xentropy")
    if print_losses:
        loss = Print_(loss, ["cross entropy:", loss, "l2loss:", penalty])
    return penalty + loss


def npairs_loss_multilabel(
    sparse_labels: Any,
    embeddings_anchor: Any,
    embeddings_positive: Any,
    reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> Tensor:
    """`npairs_loss` for pairs with several labels, alike by how many they share.

    Args:
        sparse_labels: for each pair a SparseTensor of shape [classes] with 1 for each of its labels.

    Raises:
        TypeError: `sparse_labels` are no SparseTensors.
    """
    if not all(isinstance(item, SparseTensor) for item in sparse_labels):
        raise TypeError(f"sparse_labels must be a list of SparseTensors, but got {sparse_labels}")
    with scopes.name_scope("NpairsLossMultiLabel"):
        rows = [_float(sparse_tensor_to_dense(item)) for item in sparse_labels]
        labels = array_moves.stack(rows)
        both = math.Minimum(array.expand_dims(labels, 0), array.expand_dims(labels, 1))
        shared = reduce.reduce_sum(both, -1)
        return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)
