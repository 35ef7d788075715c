"""`tf.contrib.framework`: argument scopes, variables by name, checks, deprecations."""
