"""Messages of `tf.contrib.boosted_trees`: what a learner is told, and its trees.

Their wire format is that of learner.proto and tree_config.proto in TensorFlow 1.15.
"""

from __future__ import annotations

from typing import Any

from tf1x.core.messages import make_messages

_LEARNER: dict[str, str] = {
    "TreeRegularizationConfig": """
        l1 float 1
        l2 float 2
        tree_complexity float 3""",
    "TreeConstraintsConfig": """
        max_tree_depth uint32 1
        min_node_weight float 2
        max_number_of_unique_feature_columns int64 3""",
    "LearningRateFixedConfig": "learning_rate float 1",
    "LearningRateLineSearchConfig": """
        max_learning_rate float 1
        num_steps int32 2""",
    "LearningRateDropoutDrivenConfig": """
        dropout_probability float 1
        probability_of_skipping_dropout float 2
        learning_rate float 3""",
    "LearningRateConfig": """
        fixed LearningRateFixedConfig 1 tuner
        dropout LearningRateDropoutDrivenConfig 2 tuner
        line_search LearningRateLineSearchConfig 3 tuner""",
    "AveragingConfig": """
        average_last_n_trees float 1 config
        average_last_percent_trees float 2 config""",
    "LearnerConfig": """
        enum PruningMode PRUNING_MODE_UNSPECIFIED=0 PRE_PRUNE=1 POST_PRUNE=2
        enum GrowingMode GROWING_MODE_UNSPECIFIED=0 WHOLE_TREE=1 LAYER_BY_LAYER=2
        enum MultiClassStrategy MULTI_CLASS_STRATEGY_UNSPECIFIED=0 TREE_PER_CLASS=1 FULL_HESSIAN=2 DIAGONAL_HESSIAN=3
        num_classes uint32 1
        feature_fraction_per_tree float 2 feature_fraction
        feature_fraction_per_level float 3 feature_fraction
        regularization TreeRegularizationConfig 4
        constraints TreeConstraintsConfig 5
        learning_rate_tuner LearningRateConfig 6
        pruning_mode enum LearnerConfig.PruningMode 8
        growing_mode enum LearnerConfig.GrowingMode 9
        multi_class_strategy enum LearnerConfig.MultiClassStrategy 10
        averaging_config AveragingConfig 11""",
}

_TREES: dict[str, str] = {
    "Vector": "value *float 1",
    "SparseVector": """
        index *int32 1
        value *float 2""",
    "Leaf": """
        vector Vector 1 leaf
        sparse_vector SparseVector 2 leaf""",
    "TreeNodeMetadata": """
        gain float 1
        original_leaf Leaf 2""",
    "DenseFloatBinarySplit": """
        feature_column int32 1
        threshold float 2
        left_id int32 3
        right_id int32 4""",
    "TreeNode": """
        leaf Leaf 1 node
        dense_float_binary_split DenseFloatBinarySplit 2 node
        node_metadata TreeNodeMetadata 777""",
    "DecisionTreeConfig": "nodes *TreeNode 1",
    "DecisionTreeMetadata": """
        num_tree_weight_updates int32 1
        num_layers_grown int32 2
        is_finalized bool 3""",
    "GrowingMetadata": """
        num_trees_attempted int64 1
        num_layers_attempted int64 2""",
    "DecisionTreeEnsembleConfig": """
        trees *DecisionTreeConfig 1
        tree_weights *float 2
        tree_metadata *DecisionTreeMetadata 3
        growing_metadata GrowingMetadata 4""",
}

globals().update(make_messages(_LEARNER, "tf1x.boosted_trees.learner"))
globals().update(make_messages(_TREES, "tf1x.boosted_trees.trees"))


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf1x.core.learner_messages has no message {name!r}; it has "
        f"{', '.join(_LEARNER | _TREES)}."
    )
