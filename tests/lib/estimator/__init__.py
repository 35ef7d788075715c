"""Tests of tf.estimator."""
