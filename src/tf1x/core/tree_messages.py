"""Messages of boosted trees (TensorFlow's boosted_trees.proto): what checkpoints hold of an ensemble."""

from __future__ import annotations

from typing import Any

from tf1x.core.messages import make_messages

_MESSAGES: dict[str, str] = {
    "Vector": "value *float 1",
    "SparseVector": """
        index *int32 1
        value *float 2""",
    "Leaf": """
        vector Vector 1 leaf
        sparse_vector SparseVector 2 leaf
        scalar float 3""",
    "NodeMetadata": """
        gain float 1
        original_leaf Leaf 2""",
    "BucketizedSplit": """
        feature_id int32 1
        threshold int32 2
        left_id int32 3
        right_id int32 4
        dimension_id int32 5
        default_direction int32 6""",
    "CategoricalSplit": """
        feature_id int32 1
        value int32 2
        left_id int32 3
        right_id int32 4
        dimension_id int32 5""",
    "Node": """
        leaf Leaf 1 node
        bucketized_split BucketizedSplit 2 node
        categorical_split CategoricalSplit 3 node
        metadata NodeMetadata 777""",
    "Tree": "nodes *Node 1",
    "PostPruneNodeUpdate": """
        new_node_id int32 1
        logit_change *float 2""",
    "TreeMetadata": """
        num_layers_grown int32 2
        is_finalized bool 3
        post_pruned_nodes_meta *PostPruneNodeUpdate 4""",
    "GrowingMetadata": """
        num_trees_attempted int64 1
        num_layers_attempted int64 2
        last_layer_node_start int32 3
        last_layer_node_end int32 4""",
    "TreeEnsemble": """
        trees *Tree 1
        tree_weights *float 2
        tree_metadata *TreeMetadata 3
        growing_metadata GrowingMetadata 4""",
    "DebugOutput": """
        feature_ids *int32 1
        logits_path *float 2""",
}

globals().update(make_messages(_MESSAGES, "tf1x.boosted_trees"))


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf1x.core.tree_messages has no message {name!r}; it has {', '.join(_MESSAGES)}."
    )
