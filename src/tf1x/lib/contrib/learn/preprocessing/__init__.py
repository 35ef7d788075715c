"""`tf.contrib.learn.preprocessing`: words and categories to numbers."""
