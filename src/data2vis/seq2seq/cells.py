"""Recurrent cells as the options `*.params.rnn_cell.*` describe them."""

from __future__ import annotations

from typing import Any

import tf1x as tf
from data2vis.config import Config


def rnn_cell(config: Config, part: str, training: bool) -> Any:
    """The cell of the `encoder` or the `decoder`; dropout only when training."""

    def option(name: str) -> Any:
        return config[f"{part}.params.rnn_cell.{name}"]

    def layer() -> Any:
        cell_class = getattr(tf.nn.rnn_cell, option("cell_class"))
        cell = cell_class(option("cell_params.num_units"))
        keep = option("dropout_input_keep_prob"), option("dropout_output_keep_prob")
        if training and min(keep) < 1.0:
            cell = tf.nn.rnn_cell.DropoutWrapper(cell, *keep)
        return cell

    layers = [layer() for _ in range(option("num_layers"))]
    return layers[0] if len(layers) == 1 else tf.nn.rnn_cell.MultiRNNCell(layers)
