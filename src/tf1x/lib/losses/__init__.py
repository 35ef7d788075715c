"""`tf.losses`: losses of a batch, weighted and reduced to a scalar, and their collection."""

from tf1x.api import lazy

lazy(
    "tf1x.lib.losses.collect",
    "losses.add_loss",
    "losses.get_losses",
    "losses.get_regularization_losses",
    "losses.get_regularization_loss",
    "losses.get_total_loss",
)
lazy("tf1x.lib.losses.weighted", "losses.Reduction", "losses.compute_weighted_loss")
lazy(
    "tf1x.lib.losses.functions",
    "losses.absolute_difference",
    "losses.cosine_distance",
    "losses.hinge_loss",
    "losses.huber_loss",
    "losses.log_loss",
    "losses.mean_pairwise_squared_error",
    "losses.mean_squared_error",
    "losses.sigmoid_cross_entropy",
    "losses.softmax_cross_entropy",
    "losses.sparse_softmax_cross_entropy",
)
