"""`tf.contrib.losses` (also `tf.contrib.slim.losses`): the losses before `tf.losses`."""

from tf1x.api import lazy

_LOSSES = (
    "absolute_difference compute_weighted_loss cosine_distance hinge_loss log_loss "
    "mean_pairwise_squared_error mean_squared_error sigmoid_cross_entropy softmax_cross_entropy "
    "sparse_softmax_cross_entropy sum_of_pairwise_squares sum_of_squares"
)
_COLLECTED = "add_loss get_losses get_regularization_losses get_total_loss"
_METRIC_LEARNING = (
    "contrastive_loss lifted_struct_loss npairs_loss npairs_loss_multilabel triplet_semihard_loss"
)

for _package in ("contrib.losses", "contrib.slim.losses"):
    for _module, _names in (
        ("tf1x.lib.contrib.losses.functions", _LOSSES),
        ("tf1x.lib.losses.collect", _COLLECTED),
    ):
        lazy(_module, *(f"{_package}.{name}" for name in _names.split()))
lazy(
    "tf1x.lib.contrib.losses.metric_learning",
    *(f"contrib.losses.metric_learning.{name}" for name in _METRIC_LEARNING.split()),
)
