"""`tf.contrib.cudnn_rnn`: NVIDIA's recurrent layers, computed as any other. Loaded at first use."""

from tf1x.api import lazy

_LAYERS = (
    "CudnnGRU CudnnLSTM CudnnRNNRelu CudnnRNNTanh CUDNN_INPUT_AUTO_MODE CUDNN_INPUT_LINEAR_MODE "
    "CUDNN_INPUT_SKIP_MODE CUDNN_RNN_BIDIRECTION CUDNN_RNN_UNIDIRECTION"
)
_CELLS = "CudnnCompatibleGRUCell CudnnCompatibleLSTMCell"

for _module, _names in (("layers", _LAYERS), ("cells", _CELLS)):
    _module = f"tf1x.lib.contrib.cudnn_rnn.{_module}"
    lazy(_module, *(f"contrib.cudnn_rnn.{name}" for name in _names.split()))
