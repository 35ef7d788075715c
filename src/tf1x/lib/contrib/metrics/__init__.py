"""`tf.contrib.metrics` (also `tf.contrib.slim.metrics`): the metrics before `tf.metrics`, and more."""

from tf1x.api import lazy

_HERE = "tf1x.lib.contrib.metrics"
_CONTENT = {
    f"{_HERE}.streaming": (
        "streaming_accuracy streaming_auc streaming_false_negatives "
        "streaming_false_negatives_at_thresholds streaming_false_positives "
        "streaming_false_positives_at_thresholds streaming_mean streaming_mean_absolute_error "
        "streaming_mean_cosine_distance streaming_mean_iou streaming_mean_relative_error "
        "streaming_mean_squared_error streaming_mean_tensor streaming_percentage_less "
        "streaming_precision streaming_precision_at_thresholds streaming_recall "
        "streaming_recall_at_k streaming_recall_at_thresholds streaming_root_mean_squared_error "
        "streaming_sensitivity_at_specificity streaming_specificity_at_sensitivity "
        "streaming_true_negatives streaming_true_negatives_at_thresholds streaming_true_positives "
        "streaming_true_positives_at_thresholds"
    ),
    f"{_HERE}.ranked": (
        "sparse_recall_at_top_k streaming_sparse_average_precision_at_k "
        "streaming_sparse_average_precision_at_top_k streaming_sparse_precision_at_k "
        "streaming_sparse_precision_at_top_k streaming_sparse_recall_at_k"
    ),
    f"{_HERE}.rates": (
        "streaming_false_negative_rate streaming_false_negative_rate_at_thresholds "
        "streaming_false_positive_rate streaming_false_positive_rate_at_thresholds"
    ),
    f"{_HERE}.correlation": "streaming_covariance streaming_pearson_correlation",
    f"{_HERE}.agreement": "accuracy aggregate_metric_map aggregate_metrics cohen_kappa count f1_score",
    "tf1x.ops.counting": "confusion_matrix",
    "tf1x.ops.sparse_sets": "set_difference set_intersection set_size set_union",
}

for _package in ("contrib.metrics", "contrib.slim.metrics"):
    for _module, _names in _CONTENT.items():
        lazy(_module, *(f"{_package}.{name}" for name in _names.split()))
