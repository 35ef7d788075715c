"""`tf.contrib.factorization.KMeans`: k-means as a graph, with whole or mini batches.

Sources: Lloyd 1982; Sculley, "Web-scale k-means clustering", WWW 2010 (mini batches).
"""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import bool_, float32, int32, int64
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.variable_functions import assign, scatter_add
from tf1x.lib.variables import Variable
from tf1x.ops import math
from tf1x.ops.array import ones, rank, reshape, shape, size, squeeze
from tf1x.ops.array_gather import gather
from tf1x.ops.array_moves import concat
from tf1x.ops.array_select import unique
from tf1x.ops.checks import assert_equal, assert_positive
from tf1x.ops.clustering import NearestNeighbors
from tf1x.ops.control_flow import cond
from tf1x.ops.elementary import Square
from tf1x.ops.embedding import embedding_lookup
from tf1x.ops.grouping import group, no_op
from tf1x.ops.math_functions import add_n
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import l2_normalize
from tf1x.ops.random import random_uniform
from tf1x.ops.reduce import reduce_sum
from tf1x.ops.segment import UnsortedSegmentSum

SQUARED_EUCLIDEAN_DISTANCE = "squared_euclidean"
COSINE_DISTANCE = "cosine"
RANDOM_INIT = "random"
KMEANS_PLUS_PLUS_INIT = "kmeans_plus_plus"
KMC2_INIT = "kmc2"

_EPSILON = 1e-6  # of the numbers of points that means are divided by


class KMeans:
    """The graph of k-means clustering.

    Args:
        inputs: the points, [n, d] float32, or a list of such.
        num_clusters: how many clusters: a number or a scalar tensor.
        initial_clusters: "random" (points drawn with replacement), the centers as an array or
            tensor [num_clusters, d], or a function of (inputs, number) that returns some.
        distance_metric: "squared_euclidean" or "cosine".
        use_mini_batch: whether each step moves the centers only part of the way, by Sculley's rule.
        mini_batch_steps_per_iteration: after how many steps the centers that points are assigned
            to are replaced by the moved ones.
        random_seed: of the random centers.
        kmeans_plus_plus_num_retries, kmc2_chain_length: for the two ways below.

    Raises:
        UnsupportedError: the initial clusters are to be found by "kmeans_plus_plus" or "kmc2".
        ValueError: an unknown distance or initialisation.

    Example:
        >>> points = tf.constant([[0.0, 0], [0, 1], [9, 9], [9, 8]])
        >>> kmeans = tf.contrib.factorization.KMeans(points, 2, initial_clusters=[[0.0, 0], [9, 9]])
        >>> _, nearest, _, _, _, init, train = kmeans.training_graph()
    """

    def __init__(
        self,
        inputs: Any,
        num_clusters: Any,
        initial_clusters: Any = RANDOM_INIT,
        distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE,
        use_mini_batch: bool = False,
        mini_batch_steps_per_iteration: int = 1,
        random_seed: int = 0,
        kmeans_plus_plus_num_retries: int = 2,
        kmc2_chain_length: int = 200,
    ) -> None:
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ValueError(f"Unsupported distance metric passed to Kmeans: {distance_metric!r}")
        if isinstance(initial_clusters, str) and initial_clusters != RANDOM_INIT:
            if initial_clusters not in (KMEANS_PLUS_PLUS_INIT, KMC2_INIT):
                raise ValueError(f"Unsupported initialization algorithm {initial_clusters!r}")
            raise UnsupportedError(
                f"KMeans(initial_clusters={initial_clusters!r}): tf1x has no such initialisation; "
                'take "random", or pass the centers (sklearn.cluster.kmeans_plusplus finds some).'
            )
        self._inputs = [convert.to_tensor(x) for x in _listed(inputs)]
        self._num_clusters = num_clusters
        self._initial = initial_clusters
        self._metric = distance_metric
        self._use_mini_batch = use_mini_batch
        self._steps_per_iteration = int(mini_batch_steps_per_iteration)
        self._seed = random_seed

    @property
    def _keeps_unit_length(self) -> bool:
        """Whether the centers stay normalised without being normalised anew each step."""
        several = not self._use_mini_batch or self._steps_per_iteration > 1
        return self._metric == COSINE_DISTANCE and several

    def training_graph(self) -> tuple[Any, Any, Any, Variable, Variable, Any, Any]:
        """Build it.

        Returns:
            all_scores: for each input the distances to all centers, [n, num_clusters].
            cluster_idx: for each input the number of the nearest center, [n] int64.
            scores: for each input the distance to it, [n].
            cluster_centers_initialized: a boolean variable.
            cluster_centers: the variable [num_clusters, d].
            init_op: to be run until `cluster_centers_initialized`.
            train_op: one step.
        """
        centers = Variable(
            convert.to_tensor([], float32), name="clusters", validate_shape=False, dtype=float32
        )
        initialized = Variable(False, dtype=bool_, name="initialized")
        updated, until_update = centers, None
        if self._use_mini_batch and self._steps_per_iteration > 1:
            until_update = Variable(self._steps_per_iteration, dtype=int64, name="update_in_steps")
            updated = Variable(
                convert.to_tensor([], float32), name="clusters_updated", validate_shape=False
            )
        counts = None
        if self._use_mini_batch:
            counts = Variable(ones(reshape(self._num_clusters, [1]), int64), validate_shape=False)
        init_op = self._init_op(centers, updated, initialized)

        inputs, used = self._inputs, centers
        if self._metric == COSINE_DISTANCE:
            inputs = [l2_normalize(x, dim=1) for x in inputs]
            if not self._keeps_unit_length:
                used = l2_normalize(centers, dim=1)
        all_scores, scores, nearest = zip(*(self._inferred(x, used) for x in inputs), strict=True)
        if counts is not None:
            before = self._replace_op(until_update, centers, updated, counts)
            with scopes.control_dependencies([before]):
                train_op = _mini_batch_op(inputs, nearest, updated, counts)
        else:
            train_op = self._whole_batch_op(inputs, nearest, centers)
        return all_scores, nearest, scores, initialized, centers, init_op, train_op

    def _inferred(self, x: Tensor, centers: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Distances to all centers, to the nearest, and which that is."""
        indices, distances = NearestNeighbors(x, centers, convert.to_tensor(1, int64))
        products = matmul(x, centers, transpose_b=True)
        if self._metric == COSINE_DISTANCE:
            distances = distances * 0.5
            all_distances = 1 - products
        else:
            own = reduce_sum(Square(x), 1, keep_dims=True)
            theirs = reduce_sum(Square(centers), 1)
            all_distances = own - 2 * products + theirs
        return all_distances, squeeze(distances, [-1]), squeeze(indices, [-1])

    # -- the first centers -----------------------------------------------------------------------

    def _init_op(self, centers: Variable, updated: Variable, initialized: Variable) -> Operation:
        """Adds centers until there are `num_clusters`."""
        selected = shape(centers)[0]
        remaining = self._num_clusters - selected

        def initialize() -> Any:
            with scopes.control_dependencies([assert_positive(remaining)]):
                still = self._added(centers, updated, selected, remaining)
            return cond(
                math.Equal(still, 0),
                lambda: assign(initialized, True).op,
                lambda: no_op(),
            )

        return cond(  # type: ignore[no-any-return]
            math.Equal(remaining, 0), lambda: assert_equal(initialized, True), initialize
        )

    def _added(
        self, centers: Variable, updated: Variable, selected: Tensor, remaining: Any
    ) -> Tensor:
        """Add centers; how many are still wanted."""
        new = self._chosen(remaining)
        if self._metric == COSINE_DISTANCE:
            new = l2_normalize(new, dim=1)
        every = cond(math.Equal(selected, 0), lambda: new, lambda: concat([centers, new], 0))
        there = assign(centers, every, validate_shape=False)
        if updated is not centers:
            there = assign(updated, there, validate_shape=False)
        return self._num_clusters - shape(there)[0]

    def _chosen(self, remaining: Any) -> Tensor:
        if isinstance(self._initial, str):
            count = add_n([shape(x)[0] for x in self._inputs])
            chosen = random_uniform(
                reshape(remaining, [-1]), maxval=math.cast(count, int64), seed=self._seed,
                dtype=int64,
            )  # fmt: skip
            return embedding_lookup(self._inputs, chosen, partition_strategy="div")
        if callable(self._initial):
            return self._initial(self._inputs, remaining)
        return convert.to_tensor(self._initial, float32)

    # -- steps -----------------------------------------------------------------------------------

    def _replace_op(
        self, until_update: Variable | None, centers: Variable, updated: Variable, counts: Variable
    ) -> Operation:
        """Every so many steps the centers in use become the moved ones."""
        if until_update is None:
            return no_op()

        def replace() -> Any:
            moved: Any = updated
            if self._metric == COSINE_DISTANCE:
                moved = l2_normalize(moved, dim=1)
            with scopes.control_dependencies([assign(centers, moved, validate_shape=False)]):
                if self._metric == COSINE_DISTANCE:
                    moved = assign(updated, moved, validate_shape=False)
                with scopes.control_dependencies([moved] if isinstance(moved, Tensor) else []):
                    return group(
                        assign(until_update, self._steps_per_iteration - 1),
                        assign(counts, ones(shape(counts), int64), validate_shape=False),
                    )

        return cond(  # type: ignore[no-any-return]
            math.LessEqual(until_update, 0), replace, lambda: until_update.assign_sub(1).op
        )

    def _whole_batch_op(self, inputs: list[Tensor], nearest: Any, centers: Variable) -> Operation:
        """Each center becomes the mean of its points (Lloyd)."""
        sums, counts = [], []
        for x, own in zip(inputs, nearest, strict=True):
            one = ones(reshape(shape(x)[0], [-1]), float32)
            sums.append(UnsortedSegmentSum(x, own, self._num_clusters))
            counts.append(UnsortedSegmentSum(reshape(one, [-1, 1]), own, self._num_clusters))
        new = add_n(sums) / (add_n(counts) + _EPSILON)
        if self._keeps_unit_length:
            new = l2_normalize(new, dim=1)
        return assign(centers, new, validate_shape=False)  # type: ignore[no-any-return]


def _mini_batch_op(
    inputs: list[Tensor], nearest: Any, centers: Variable, counts: Variable
) -> Operation:
    """Each center moves towards the mean of its points, less the more it has seen (Sculley)."""
    updates = []
    for x, own in zip(inputs, nearest, strict=True):
        ids, places = unique(own)
        number = size(ids)
        seen, before = gather(counts, ids), gather(centers, ids)
        more = UnsortedSegmentSum(ones(shape(places), int64), places, number)
        column = concat([reshape(number, [1]), ones(reshape(rank(x) - 1, [1]), int32)], 0)
        move = UnsortedSegmentSum(x, places, number)
        move -= reshape(math.cast(more, x.dtype), column) * before
        move *= reshape(math.Reciprocal(math.cast(seen + more, x.dtype)), column)
        updates += [scatter_add(counts, ids, more), scatter_add(centers, ids, move)]
    return group(*updates)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
