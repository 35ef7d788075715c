"""The graph and its vocabulary: no JAX, no input or output.

graph.py      Graph
operation.py  Operation, Tensor
scopes.py     the default-graph stack, name scopes, control dependencies, collections
opdef.py      how an op is declared; the registry
signature.py  the notation of its inputs and outputs; its attributes
shapes.py     TensorShape, Dimension
dtypes.py     DType and the TensorFlow type names
convert.py    Python values to tensors
nest.py       nested structures
errors.py     TensorFlow's exceptions
"""
