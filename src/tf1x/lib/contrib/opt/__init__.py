"""`tf.contrib.opt`: optimizers that stand beside those of `tf.train`."""
