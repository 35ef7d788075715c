"""`tf.contrib.rnn`: recurrent cells beyond those of `tf.nn.rnn_cell`. Loaded at first use."""

from tf1x.api import lazy

_PLACES = {
    "block_cells": "GRUBlockCell GRUBlockCellV2 LSTMBlockCell LSTMBlockFusedCell LSTMBlockWrapper",
    "bidirectional": "stack_bidirectional_dynamic_rnn stack_bidirectional_rnn",
    "conv_cells": "Conv1DLSTMCell Conv2DLSTMCell Conv3DLSTMCell ConvLSTMCell",
    "fused": "FusedRNNCell FusedRNNCellAdaptor TimeReversedFusedRNN",
    "gated_cells": "IndRNNCell IndyGRUCell IndyLSTMCell IntersectionRNNCell SRUCell UGRNNCell",
    "grid_cells": "BidirectionalGridLSTMCell GridLSTMCell TimeFreqLSTMCell",
    "lstm_variants": "CoupledInputForgetGateLSTMCell GLSTMCell NASCell PhasedLSTMCell",
    "normalized_cells": "LayerNormBasicLSTMCell LayerNormLSTMCell WeightNormLSTMCell",
    "wrappers": "AttentionCellWrapper CompiledWrapper HighwayWrapper",
}

for _module, _names in _PLACES.items():
    lazy(f"tf1x.lib.contrib.rnn.{_module}", *(f"contrib.rnn.{name}" for name in _names.split()))
