"""`tf.saved_model`: models in folders, with signatures (`saved_model.pb`, `variables/`, `assets/`)."""
