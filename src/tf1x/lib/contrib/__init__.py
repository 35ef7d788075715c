"""`tf.contrib`: built on the rest of the library, loaded at first use."""
