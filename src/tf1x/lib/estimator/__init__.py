"""`tf.estimator`; its public names stand in `names.py` and are imported at first use."""
