"""`tf.contrib.gan`: models of two networks, their losses, and their training."""
