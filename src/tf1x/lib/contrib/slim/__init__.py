"""`tf.contrib.slim`: contrib.layers and contrib.framework, training ops, and image networks."""
