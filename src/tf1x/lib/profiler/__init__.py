"""What runs take and models cost: `Timeline`, `tf.profiler`."""
