"""`tf.contrib.boosted_trees`: gradient boosting of decision trees."""
