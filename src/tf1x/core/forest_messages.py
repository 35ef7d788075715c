"""Messages of `tf.contrib.tensor_forest`: parameters, trees, and what leaves collect before a split.

Their wire format is TensorFlow 1.15's (generic_tree_model.proto, generic_tree_model_extensions.proto,
tensor_forest_params.proto, fertile_stats.proto), without the parts that forests do not use.
"""

from __future__ import annotations

from typing import Any

from tf1x.core.messages import make_messages

_MESSAGES: dict[str, str] = {
    # google.protobuf's wrappers
    "Any": """
        type_url string 1
        value bytes 2""",
    "Int32Value": "value int32 1",
    "StringValue": "value string 1",
    # generic_tree_model.proto
    "Value": """
        float_value float 1 value
        double_value double 2 value
        int32_value int32 3 value
        int64_value int64 4 value""",
    "Vector": "value *Value 1",
    "SparseEntry": """
        key int64 1
        value Value 2""",
    "SparseVector": "sparse_value *SparseEntry 1",
    "Leaf": """
        vector Vector 1 leaf
        sparse_vector SparseVector 2 leaf""",
    "FeatureId": "id StringValue 1",
    "InequalityTest": """
        enum Type LESS_OR_EQUAL=0 LESS_THAN=1 GREATER_OR_EQUAL=2 GREATER_THAN=3
        feature_id FeatureId 1
        type enum InequalityTest.Type 2
        threshold Value 3""",
    "BinaryNode": """
        left_child_id Int32Value 1
        right_child_id Int32Value 2
        default_direction int32 3
        inequality_left_child_test InequalityTest 4 left_child_test
        custom_left_child_test Any 5 left_child_test""",
    "TreeNode": """
        node_id Int32Value 1
        depth Int32Value 2
        subtree_size Int32Value 3
        binary_node BinaryNode 4 node_type
        leaf Leaf 5 node_type""",
    "DecisionTree": "nodes *TreeNode 1",
    "Model": "decision_tree DecisionTree 1 model",
    # generic_tree_model_extensions.proto
    "MatchingValuesTest": """
        feature_id FeatureId 1
        value *Value 2""",
    # tensor_forest_params.proto
    "LinearParam": """
        slope float 1
        y_intercept float 2
        min_val float 3
        max_val float 4""",
    "ExponentialParam": """
        bias float 1
        base float 2
        multiplier float 3
        depth_multiplier float 4""",
    "ThresholdParam": """
        on_value float 1
        off_value float 2
        threshold float 3""",
    "DepthDependentParam": """
        constant_value float 1 ParamType
        linear LinearParam 2 ParamType
        exponential ExponentialParam 3 ParamType
        threshold ThresholdParam 4 ParamType""",
    "SplitPruningConfig": """
        prune_every_samples DepthDependentParam 1
        type int32 2""",
    "SplitFinishConfig": """
        check_every_steps DepthDependentParam 1
        type int32 2""",
    "TensorForestParams": """
        leaf_type int32 1
        stats_type int32 2
        collection_type int32 3
        pruning_type SplitPruningConfig 4
        finish_type SplitFinishConfig 5
        num_trees int32 6
        max_nodes int32 7
        is_regression bool 8
        drop_final_class bool 9
        collate_examples bool 10
        checkpoint_stats bool 11
        num_outputs int32 12
        num_splits_to_consider DepthDependentParam 13
        split_after_samples DepthDependentParam 14
        dominate_fraction DepthDependentParam 15
        min_split_samples DepthDependentParam 18
        inequality_test_type enum InequalityTest.Type 19
        use_running_stats_method bool 20
        num_features int32 21
        initialize_average_splits bool 22
        inference_tree_paths bool 23""",
    "TreePath": "nodes_visited *TreeNode 1",
    # fertile_stats.proto
    "ClassificationStats": "dense_counts Vector 1 counts",
    "RegressionStats": """
        mean_output Vector 1
        mean_output_squares Vector 2""",
    "LeafStat": """
        classification ClassificationStats 1 leaf_stat
        regression RegressionStats 2 leaf_stat
        weight_sum float 3""",
    "SplitCandidate": """
        split BinaryNode 1
        left_stats LeafStat 4
        right_stats LeafStat 5""",
    "FertileSlot": """
        candidates *SplitCandidate 1
        leaf_stats LeafStat 4
        node_id int32 5
        post_init_leaf_stats LeafStat 6
        depth int32 7""",
    "FertileStats": "node_to_slot *FertileSlot 1",
}

globals().update(make_messages(_MESSAGES, "tf1x.tensor_forest"))


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf1x.core.forest_messages has no message {name!r}; it has {', '.join(_MESSAGES)}."
    )
