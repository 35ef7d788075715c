"""C++ kernels for the CPU, called by XLA through its FFI; one family a file.

They are an addition: where they are not there (no compiler, `TF1X_NATIVE=0`, a GPU) the same
lowerings are XLA code, a few times slower. Random numbers are the same bits either way; the sums of
convolutions, products and batch normalisation are taken in another order.

`python -m tf1x.native` compiles them; otherwise the first process that could use them has them
compiled in the background, for the processes after it (library.py).
"""
