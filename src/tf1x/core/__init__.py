"""The graph and its vocabulary: no JAX, no input or output.

graph.py      Graph, Operation, Tensor
scopes.py     the default-graph stack, name scopes, control dependencies, collections
opdef.py      how an op is declared; the registry
shapes.py     TensorShape, Dimension
dtypes.py     DType and the TensorFlow type names
convert.py    Python values to tensors
nest.py       nested structures
errors.py     TensorFlow's exceptions
"""
