"""TensorFlow's checkpoint files, read and written without a graph: V2 bundles and V1 tables."""
