"""`python -m tf1x.native`: compile the kernels now, and say whether they are there."""

from tf1x.native import library

print(library.prepare())
