"""`tf.contrib.factorization`: clusters."""
