"""Recurrent networks: `tf.nn.rnn_cell`, `tf.nn.dynamic_rnn` and their kin. Loaded at first use."""

from __future__ import annotations

from tf1x.api import lazy

_CELLS = {
    "base": "RNNCell",
    "basic_cells": "BasicRNNCell GRUCell",
    "lstm_cells": "BasicLSTMCell LSTMCell LSTMStateTuple",
    "multi_cell": "MultiRNNCell",
    "wrappers": "DeviceWrapper DropoutWrapper ResidualWrapper",
    "projections": "EmbeddingWrapper InputProjectionWrapper OutputProjectionWrapper",
}

_FUNCTIONS = {
    "dynamic": "bidirectional_dynamic_rnn dynamic_rnn",
    "raw": "raw_rnn",
    "static": "static_bidirectional_rnn static_rnn static_state_saving_rnn",
}

# What TensorFlow 0.x called them.
_OLD = {
    "rnn": "static_rnn",
    "bidirectional_rnn": "static_bidirectional_rnn",
    "state_saving_rnn": "static_state_saving_rnn",
}

for _module, _names in _CELLS.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.rnn.{_module}", f"nn.rnn_cell.{_name}", f"contrib.rnn.{_name}")
for _module, _names in _FUNCTIONS.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.rnn.{_module}", f"nn.{_name}")
for _old, _name in _OLD.items():
    lazy("tf1x.lib.rnn.static", f"nn.{_old}", attribute=_name)
for _name in _FUNCTIONS["static"].split():
    lazy("tf1x.lib.rnn.static", f"contrib.rnn.{_name}")
lazy("tf1x.lib.rnn.dynamic", "contrib.rnn.best_effort_input_batch_size", "contrib.rnn.transpose_batch_time")  # fmt: skip
