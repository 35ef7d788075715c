"""`tf.contrib.distributions.bijectors`: invertible functions of tensors, with their Jacobians."""
