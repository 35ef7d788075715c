"""How an ensemble of boosted trees grows: from batches that add up to a layer, or all data at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core import scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.accumulators import ConditionalAccumulator
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook
from tf1x.lib.tree_ensemble import QuantileAccumulator, TreeEnsemble
from tf1x.ops import array, array_moves, boosted_trees, boosted_trees_stats, math, reduce
from tf1x.ops.control_flow import cond
from tf1x.ops.grouping import group, no_op
from tf1x.ops.tree_ensemble import NO_PRUNING, POST_PRUNING, PRE_PRUNING

_PRUNING = {"none": NO_PRUNING, "pre": PRE_PRUNING, "post": POST_PRUNING}


class TreeHParams(NamedTuple):
    """What the estimators' arguments of these names say."""

    n_trees: int
    max_depth: int
    learning_rate: float
    l1: float
    l2: float
    tree_complexity: float
    min_node_weight: float
    center_bias: bool
    pruning_mode: str
    quantile_sketch_epsilon: float

    @property
    def max_splits(self) -> int:
        """How many splits a tree can have."""
        return (1 << self.max_depth) - 1

    @property
    def pruning(self) -> int:
        """The mode's number.

        Raises:
            ValueError: there is no such mode, or `tree_complexity` does not go with it.
        """
        if self.pruning_mode not in _PRUNING:
            raise ValueError(
                f"pruning_mode mode must be one of: {', '.join(sorted(_PRUNING))}. "
                f"Found: {self.pruning_mode}"
            )
        mode = _PRUNING[self.pruning_mode]
        if self.tree_complexity > 0 and mode == NO_PRUNING:
            raise ValueError("Tree complexity have no effect unless pruning mode is chosen.")
        if self.tree_complexity <= 0 and mode != NO_PRUNING:
            raise ValueError("For pruning, tree_complexity must be positive.")
        return mode


class Grower:
    """Grows trees from all data in each batch.

    Args:
        groups: the numbers of the features by how many buckets they have.
        quantiles: None where no feature is numeric.
    """

    def __init__(
        self,
        ensemble: TreeEnsemble,
        quantiles: QuantileAccumulator | None,
        hparams: TreeHParams,
        groups: dict[int, list[int]],
    ) -> None:
        self._ensemble, self._quantiles = ensemble, quantiles
        self._hparams, self._groups = hparams, groups
        self._pruning = hparams.pruning

    @property
    def initializer(self) -> Operation:
        """What the chief runs before the first step."""
        made: Operation = no_op()
        return made

    def accumulate_quantiles(self, values: list[Tensor], weights: Tensor, ready: Any) -> Operation:
        """Add the numeric features; sets `ready` when the boundaries are made."""
        assert self._quantiles is not None
        with scopes.control_dependencies([self._quantiles.add_summaries(values, weights)]):
            return self._set_boundaries(ready)

    def _set_boundaries(self, ready: Any) -> Operation:
        assert self._quantiles is not None
        with scopes.control_dependencies([self._quantiles.flush()]):
            made: Operation = ready.assign(True).op
            return made

    def center_bias(self, needed: Any, gradients: Tensor, hessians: Tensor) -> Operation:
        """Move the bias; `needed` becomes false when it no longer moves."""
        means = [array.expand_dims(reduce.reduce_mean(x, 0), 0) for x in (gradients, hessians)]
        return self._center(needed, *means).op

    def _center(self, needed: Any, gradient: Tensor, hessian: Tensor) -> Any:
        goes_on = boosted_trees.BoostedTreesCenterBias(
            self._ensemble.resource_handle, gradient, hessian, self._hparams.l1, self._hparams.l2
        )
        return needed.assign(goes_on)

    def grow_tree(self, summaries: list[Tensor], nodes: Tensor) -> Operation:
        """Split `nodes`, a range, by sums of gradients [features, max_splits, buckets, 2]."""
        return self._grow(summaries, nodes)

    def _grow(self, summaries: list[Tensor], nodes: Tensor) -> Operation:
        hparams = self._hparams
        ids: list[int] = []
        found: list[list[Tensor]] = [[], [], [], [], []]
        for features, summary in zip(self._groups.values(), summaries, strict=True):
            each = array_moves.unstack(summary, num=len(features), axis=0)
            splits = boosted_trees_stats.BoostedTreesCalculateBestGainsPerFeature(
                nodes, each, hparams.l1, hparams.l2, hparams.tree_complexity,
                hparams.min_node_weight, max_splits=hparams.max_splits,
            )  # fmt: skip
            ids += features
            for column, tensors in zip(found, splits, strict=True):
                column += tensors
        made: Operation = boosted_trees.BoostedTreesUpdateEnsemble(
            self._ensemble.resource_handle, ids, *found, max_depth=hparams.max_depth,
            learning_rate=hparams.learning_rate, pruning_mode=self._pruning,
        )  # fmt: skip
        return made


class BatchGrower(Grower):
    """Grows a layer from several batches, whose gradients are accumulated."""

    def __init__(
        self,
        ensemble: TreeEnsemble,
        quantiles: QuantileAccumulator | None,
        hparams: TreeHParams,
        groups: dict[int, list[int]],
        stamp: Tensor,
        n_batches_per_layer: int,
        is_chief: bool,
    ) -> None:
        super().__init__(ensemble, quantiles, hparams, groups)
        self._stamp, self._batches, self._is_chief = stamp, n_batches_per_layer, is_chief
        self._accumulators = [
            ConditionalAccumulator(
                float32,
                [len(features), hparams.max_splits, buckets, 2],
                f"numeric_stats_summary_accumulator_{index}",
            )
            for index, (buckets, features) in enumerate(groups.items())
        ]
        started = list(self._accumulators)
        if hparams.center_bias:
            self._bias = ConditionalAccumulator(float32, [2, 1], "bias_accumulator")
            started.append(self._bias)
        if quantiles is not None:
            self._seen = ConditionalAccumulator(float32, [], "quantile_summary_accum")
        self._started = [accumulator.set_global_step(stamp) for accumulator in started]

    @property
    def initializer(self) -> Operation:
        made: Operation = group(*self._started)
        return made

    def _when_enough(self, count: Tensor, act: Callable[[], Any], name: str) -> Operation:
        enough = math.GreaterEqual(count, math.cast(self._batches, count.dtype))
        made: Any = cond(enough, act, no_op, name=name)
        return made if isinstance(made, Operation) else made.op

    def accumulate_quantiles(self, values: list[Tensor], weights: Tensor, ready: Any) -> Operation:
        assert self._quantiles is not None
        seen = group(
            self._quantiles.add_summaries(values, weights),
            self._seen.set_global_step(self._stamp),
            self._seen.apply_grad(0.0, self._stamp),
        )
        if not self._is_chief:
            return seen

        def finish() -> Operation:
            with scopes.control_dependencies([self._seen.take_grad(1)]):
                return self._set_boundaries(ready)

        with scopes.control_dependencies([seen]):
            return self._when_enough(
                self._seen.num_accumulated(), finish, "wait_until_quaniles_accumulated"
            )

    def center_bias(self, needed: Any, gradients: Tensor, hessians: Tensor) -> Operation:
        means = reduce.reduce_mean(array_moves.stack([gradients, hessians], axis=0), axis=1)

        def restart() -> Operation:
            made: Operation = group(
                *[a.set_global_step(self._stamp + 1) for a in self._accumulators]
            )
            return made

        def center() -> Any:
            gradient, hessian = array_moves.unstack(self._bias.take_grad(1), axis=0)
            goes_on = self._center(
                needed, array.expand_dims(gradient, 0), array.expand_dims(hessian, 0)
            )
            with scopes.control_dependencies([goes_on]):
                return cond(needed.value(), no_op, restart)

        with scopes.control_dependencies([self._bias.apply_grad(means, self._stamp)]):
            if not self._is_chief:
                made: Operation = no_op()
                return made
            return self._when_enough(
                self._bias.num_accumulated(), center, "wait_until_n_batches_for_bias_accumulated"
            )

    def grow_tree(self, summaries: list[Tensor], nodes: Tensor) -> Operation:
        pairs = zip(self._accumulators, summaries, strict=True)
        added = [accumulator.apply_grad(summary, self._stamp) for accumulator, summary in pairs]

        def grow() -> Operation:
            return self._grow(
                [accumulator.take_grad(1) for accumulator in self._accumulators], nodes
            )

        with scopes.control_dependencies(added):
            if not self._is_chief:
                made: Operation = no_op()
                return made
            counts = [accumulator.num_accumulated() for accumulator in self._accumulators]
            least = reduce.reduce_min(array_moves.stack(counts, axis=0))
            return self._when_enough(least, grow, "wait_until_n_batches_accumulated")


class StopAtAttempts(SessionRunHook):
    """Stops when there are enough trees, or twice as many layers were tried as they have."""

    def __init__(self, trees: Tensor, layers: Tensor, max_trees: int, max_depth: int) -> None:
        self._tensors = [trees, layers]
        self._max_trees, self._max_layers = max_trees, 2 * max_trees * max_depth

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs(self._tensors)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        trees, layers = run_values.results
        if trees >= self._max_trees - 1 or layers > self._max_layers - 1:
            # The values are those before this step.
            trees, layers = run_context.session.run(self._tensors)
        if trees >= self._max_trees or layers > self._max_layers:
            run_context.request_stop()


class GrowerInitializationHook(SessionRunHook):
    """Runs the grower's `initializer` when the session is there."""

    def __init__(self, initializer: Operation) -> None:
        self._initializer = initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._initializer)
