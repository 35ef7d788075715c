"""`tf.contrib.learn`: the estimators of TensorFlow 1.0 and what they were used with."""
