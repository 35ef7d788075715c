"""The programs of the GPU benchmark in plain TensorFlow 1, large enough to keep a GPU at work."""

from benchmarks import networks, programs

# Batch sizes, which the versions in JAX and PyTorch share.
BATCHES = {"mlp": 8192, "cnn": 4096, "resnet_block": 512, "lstm": 512}
# Name, and how many steps one timed round takes.
STEPS = dict.fromkeys(BATCHES, 20)


def mlp(tf, batch):
    """784-2048-2048-10, Adam."""
    return programs.mlp(tf, batch, (2048, 2048), tf.train.AdamOptimizer(0.001))


cnn, resnet_block, lstm = networks.cnn, networks.resnet_block, networks.lstm
