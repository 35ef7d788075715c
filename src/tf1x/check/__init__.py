"""`tf1x check`: what a code base uses that tf1x does not cover, found without running it.

sources.py     the files of a code base as syntax trees: scripts, notebooks, Python 2
uses.py        what a tree uses of imported modules, aliases resolved
coverage.py    whether tf1x has a TensorFlow symbol, and takes a call's keywords
libraries.py   what the period shims supply of other libraries, and which packages are missing
report.py      all of it put together, as text and as JSON

The first two know nothing of tf1x's names and load neither JAX nor the program.
"""
