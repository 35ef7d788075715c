"""Event files: writers, readers, and the summaries of `tf.contrib.summary`."""
