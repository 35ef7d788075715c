"""`tf.contrib.tensor_forest.python.tensor_forest`: the graphs that train and ask a random forest."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int64
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.tensor_forest import data_ops
from tf1x.lib.contrib.tensor_forest.hparams import ForestHParams, params_message
from tf1x.lib.logging import info
from tf1x.lib.resources import register_resource
from tf1x.lib.train.saveables import SaveableObject, SaveSpec
from tf1x.lib.variable_scope import get_variable
from tf1x.ops import array, array_moves, forest, math, math_functions, reduce
from tf1x.ops.array_gather import gather
from tf1x.ops.array_select import where
from tf1x.ops.grouping import group
from tf1x.ops.random import random_uniform

__all__ = [
    "ForestHParams",
    "ForestVariables",
    "RandomForestGraphs",
    "RandomTreeGraphs",
    "TreeVariables",
]


class _Saveable(SaveableObject):
    def __init__(self, kind: Any, handle: Tensor, create: Operation, params: bytes) -> None:
        self._kind, self._create, self._params = kind, create, params
        extra = {"params": params} if kind is _STATS else {}
        spec = SaveSpec(kind[2](handle, **extra), "", handle.name)
        super().__init__(handle, [spec], handle.name)

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        with scopes.control_dependencies([self._create]):
            return self._kind[3](self.op, restored_tensors[0], params=self._params)


# For each kind of resource the ops that make, ask for, write and read it.
_TREE = (
    forest.DecisionTreeResourceHandleOp,
    forest.CreateTreeVariable,
    forest.TreeSerialize,
    forest.TreeDeserialize,
    forest.TreeIsInitializedOp,
)
_STATS = (
    forest.FertileStatsResourceHandleOp,
    forest.CreateFertileStatsVariable,
    forest.FertileStatsSerialize,
    forest.FertileStatsDeserialize,
    forest.FertileStatsIsInitializedOp,
)


def _resource(kind: Any, params: Any, config: Any, name: str, default_name: str) -> Tensor:
    """A handle, its object made with the other resources and saved with the variables."""
    with scopes.name_scope(name, default_name) as scope:
        handle: Tensor = kind[0](shared_name=scope, name=scope)
        serialized = params.serialized_params_proto
        create = kind[1](handle, config, params=serialized)
        made = kind[4](handle)
        saveable = _Saveable(kind, handle, create, serialized)
        scopes.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)
        register_resource(handle, create, made)
        return handle


class TreeVariables:
    """What a session keeps of one tree: the tree, and in training its statistics."""

    def __init__(
        self,
        params: Any,
        tree_num: int,
        training: bool,
        tree_config: Any = "",
        tree_stat: Any = "",
    ) -> None:
        if not hasattr(params, "params_proto"):
            params.params_proto = params_message(params)
        params.serialized_params_proto = params.params_proto.SerializeToString()
        self.stats: Tensor | None = None
        if training:
            name = self.get_tree_name("stats", tree_num)
            self.stats = _resource(_STATS, params, tree_stat, name, "FertileStatsVariable")
        name = self.get_tree_name("tree", tree_num)
        self.tree = _resource(_TREE, params, tree_config, name, "TreeVariable")

    def get_tree_name(self, name: str, num: int) -> str:
        return f"{name}-{num}"


class ForestVariables:
    """The `TreeVariables` of all trees."""

    def __init__(
        self,
        params: Any,
        device_assigner: Any,
        training: bool = True,
        tree_variables_class: Any = TreeVariables,
        tree_configs: Any = None,
        tree_stats: Any = None,
    ) -> None:
        self.variables: list[Any] = []
        with scopes.device(device_assigner) if device_assigner else nullcontext():
            # TensorFlow's too: whatever belongs to a tree stands where its dummy stands.
            self.device_dummies = [
                get_variable(f"device_dummy_{i}", shape=0) for i in range(params.num_trees)
            ]
        for i in range(params.num_trees):
            given = {}
            if tree_configs is not None:
                given["tree_config"] = tree_configs[i]
            if tree_stats is not None:
                given["tree_stat"] = tree_stats[i]
            with scopes.device(self.device_dummies[i].device):
                self.variables.append(tree_variables_class(params, i, training, **given))

    def __setitem__(self, t: int, val: Any) -> None:
        self.variables[t] = val

    def __getitem__(self, t: int) -> Any:
        return self.variables[t]


class RandomForestGraphs:
    """Builds the graphs of a forest.

    Args:
        params: filled `ForestHParams`.
        tree_configs, tree_stats: serialized trees to start from.
        training: whether there will be a training graph.
    """

    def __init__(
        self,
        params: Any,
        tree_configs: Any = None,
        tree_stats: Any = None,
        device_assigner: Any = None,
        variables: Any = None,
        tree_variables_class: Any = TreeVariables,
        tree_graphs: Any = None,
        training: bool = True,
    ) -> None:
        self.params = params
        self.device_assigner = device_assigner
        info("Constructing forest with params = ")
        info(self.params.__dict__)
        self.variables = variables or ForestVariables(
            params, device_assigner, training, tree_variables_class, tree_configs, tree_stats
        )
        make = tree_graphs or RandomTreeGraphs
        self.trees = [make(self.variables[i], params, i) for i in range(params.num_trees)]

    def get_all_resource_handles(self) -> list[Any]:
        each = [self.variables[i] for i in range(len(self.trees))]
        return [one.tree for one in each] + [one.stats for one in each]

    def training_graph(
        self,
        input_data: Any,
        input_labels: Any,
        num_trainers: int = 1,
        trainer_id: int = 0,
        **tree_kwargs: Any,
    ) -> Operation:
        """An op that lets the trees learn from a batch.

        Args:
            input_data: [batch, features], or a dict of columns.
            input_labels: classes [batch], or [batch, outputs].
            num_trainers, trainer_id: of how many trainers, who share the trees, this is which.
            input_weights: of the examples.
        """
        dense, sparse, spec = data_ops.ParseDataTensorOrDict(input_data)
        labels = data_ops.ParseLabelTensorOrDict(input_labels)
        each = self.params.num_trees / num_trainers
        steps = []
        for i in range(int(trainer_id * each), int((trainer_id + 1) * each)):
            with scopes.device(self.variables.device_dummies[i].device):
                seed, given = self._seed(i), dict(tree_kwargs)
                if self.params.bagging_fraction < 1.0:
                    given["seen"] = self._seen(dense, sparse, seed)
                data = self._chosen_features(i, dense, sparse)
                steps.append(
                    self.trees[i].training_graph(
                        data, labels, seed, data_spec=spec, sparse_features=sparse, **given
                    )
                )
        trained: Operation = group(*steps, name="train")
        return trained

    def _seed(self, tree: int) -> int:
        """The seed of a tree; 0 where each run shall differ."""
        first = self.params.base_random_seed or scopes.get_default_graph().seed
        return int(first) + tree if first else 0

    def _seen(self, data: Any, sparse: Any, seed: int) -> Tensor:
        """Which examples of a batch a tree sees."""
        if sparse is not None:
            raise NotImplementedError("Bagging not supported with sparse features.")
        chance = random_uniform(array.shape(data)[0:1], seed=seed or None)
        seen: Tensor = math.Less(chance, array.ones_like(chance) * self.params.bagging_fraction)
        return seen

    def _chosen_features(self, tree: int, data: Any, sparse: Any) -> Any:
        """The features that a tree sees."""
        if not self.params.bagged_features:
            return data
        if sparse is not None:
            raise NotImplementedError("Feature bagging not supported with sparse features.")
        return gather(data, self.params.bagged_features[tree], axis=1)

    def inference_graph(self, input_data: Any, **inference_args: Any) -> tuple[Tensor, ...]:
        """Probabilities [batch, classes], ways [batch, trees], variance between the trees."""
        dense, sparse, spec = data_ops.ParseDataTensorOrDict(input_data)
        found, paths = [], []
        for i, tree in enumerate(self.trees):
            with scopes.device(self.variables.device_dummies[i].device):
                data = self._chosen_features(i, dense, sparse)
                values, path = tree.inference_graph(
                    data, spec, sparse_features=sparse, **inference_args
                )
                found.append(values)
                paths.append(path)
        with scopes.device(self.variables.device_dummies[0].device):
            stacked = array_moves.stack(found, axis=1)
            count = self.params.num_trees
            average = math_functions.div(reduce.reduce_sum(stacked, 1), count, name="probabilities")
            ways = array_moves.stack(paths, axis=1)
            squares = math_functions.div(reduce.reduce_sum(stacked * stacked, 1), count)
            return average, ways, math.Maximum(0.0, squares - average * average)

    def average_size(self) -> Tensor:
        """How many nodes a tree has on average."""
        sizes = array_moves.stack([tree.size() for tree in self.trees])
        mean: Tensor = reduce.reduce_mean(math.cast(sizes, float32))
        return mean

    def training_loss(self, features: Any, labels: Any, name: str = "training_loss") -> Tensor:
        """The number of nodes of an average tree, negative: it falls as long as trees grow."""
        loss: Tensor = math.Neg(self.average_size(), name=name)
        return loss

    def validation_loss(self, features: Any, labels: Any) -> Tensor:
        loss: Tensor = math.Neg(self.average_size())
        return loss

    def average_impurity(self) -> Tensor:
        """Raises UnsupportedError: trees of TensorFlow 1.15 tell no impurity either."""
        raise UnsupportedError(
            "RandomForestGraphs.average_impurity: the trees of TensorFlow 1.15 have none; compute "
            "it from inference_graph's probabilities."
        )

    def feature_importances(self) -> Tensor:
        """Which part of all tests asks for each feature."""
        counts = [tree.feature_usage_counts() for tree in self.trees]
        total = reduce.reduce_sum(array_moves.stack(counts, 0), 0)
        parts: Tensor = total / reduce.reduce_sum(total)
        return parts


class RandomTreeGraphs:
    """Builds the graphs of one tree."""

    def __init__(self, variables: Any, params: Any, tree_num: int) -> None:
        self.variables, self.params, self.tree_num = variables, params, tree_num

    def _inputs(self, input_data: Any, sparse: Any) -> tuple[Any, ...]:
        data = convert.constant([], float32) if input_data is None else data_ops.CastToFloat(input_data)  # fmt: skip
        if sparse is None:
            return data, convert.constant([], int64), [], convert.constant([], int64)
        return data, sparse.indices, data_ops.CastToFloat(sparse.values), sparse.dense_shape

    def training_graph(
        self,
        input_data: Any,
        input_labels: Any,
        random_seed: int,
        data_spec: Any,
        sparse_features: Any = None,
        input_weights: Any = None,
        seen: Any = None,
    ) -> Operation:
        """An op that lets the tree learn from a batch, or from those examples that are `seen`."""
        inputs = self._inputs(input_data, sparse_features)
        weights = convert.constant([], float32) if input_weights is None else input_weights
        given = {"params": self.params.serialized_params_proto}
        described = {**given, "input_spec": data_spec.SerializeToString()}
        tree, stats = self.variables.tree, self.variables.stats
        leaves = forest.TraverseTreeV4(tree, *inputs, **described)
        if seen is not None:
            # TensorFlow gathers these; here batches keep their size, for which steps are compiled.
            leaves = where(seen, leaves, -array.ones_like(leaves))
        update = forest.UpdateModelV4(tree, leaves, input_labels, weights, **given)
        finished = forest.ProcessInputV4(
            tree, stats, *inputs, input_labels, weights, leaves, random_seed=random_seed,
            **described,
        )  # fmt: skip
        with scopes.control_dependencies([update]):
            grown: Operation = forest.GrowTreeV4(tree, stats, finished, **given)
            return grown

    def inference_graph(
        self, input_data: Any, data_spec: Any, sparse_features: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Probabilities [batch, classes] and the ways [batch]."""
        values, paths = forest.TreePredictionsV4(
            self.variables.tree, *self._inputs(input_data, sparse_features),
            input_spec=data_spec.SerializeToString(),
            params=self.params.serialized_params_proto,
        )  # fmt: skip
        return values, paths

    def size(self) -> Tensor:
        """How many nodes the tree has."""
        count: Tensor = forest.TreeSize(self.variables.tree)
        return count

    def feature_usage_counts(self) -> Tensor:
        """How many nodes ask for each feature."""
        counts: Tensor = forest.FeatureUsageCounts(
            self.variables.tree, params=self.params.serialized_params_proto
        )
        return counts
