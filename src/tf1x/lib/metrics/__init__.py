"""`tf.metrics`: measures over many batches.

Each keeps local variables (in `GraphKeys.LOCAL_VARIABLES` and `METRIC_VARIABLES`) and returns
`(value, update_op)`: the measure so far, and an op that takes a batch in and gives the new measure.
"""

from tf1x.api import lazy

_CONTENT = {
    "averages": (
        "accuracy mean mean_absolute_error mean_cosine_distance mean_relative_error "
        "mean_squared_error mean_tensor percentage_below root_mean_squared_error"
    ),
    "classes": "mean_iou mean_per_class_accuracy",
    "counts": "false_negatives false_positives precision recall true_negatives true_positives",
    "thresholds": (
        "auc false_negatives_at_thresholds false_positives_at_thresholds precision_at_thresholds "
        "recall_at_thresholds sensitivity_at_specificity specificity_at_sensitivity "
        "true_negatives_at_thresholds true_positives_at_thresholds"
    ),
    "ranked": (
        "average_precision_at_k precision_at_k precision_at_top_k recall_at_k recall_at_top_k "
        "sparse_average_precision_at_k sparse_precision_at_k"
    ),
}

for _module, _names in _CONTENT.items():
    lazy(f"tf1x.lib.metrics.{_module}", *(f"metrics.{name}" for name in _names.split()))
