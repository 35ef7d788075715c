"""Running graphs on JAX/XLA.

session.py     Session: feeds, fetches, threads
plan.py        which ops a run needs, in which order, in which segments
compile.py     a device segment as one jitted function
evaluate.py    one op on values: traced (compile.py) or concrete (interpreting)
state.py       the variables of a session
"""
