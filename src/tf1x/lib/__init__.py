"""What TensorFlow writes in Python on top of its ops: variables, gradients, training, layers."""
