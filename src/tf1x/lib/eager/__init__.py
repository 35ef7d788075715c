"""Eager execution: variables, gradient tapes, functions, and what `tf.contrib.eager` has."""
