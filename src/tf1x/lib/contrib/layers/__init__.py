"""`tf.contrib.layers`: layers as functions, with scopes, normalisers, collections and regularizers."""
