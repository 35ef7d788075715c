"""`tensorflow.examples.tutorials.mnist.mnist`: the two-layer network of the tutorial."""

from __future__ import annotations

import math
from typing import Any

from tf1x.core import dtypes, opdef, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.losses.functions import sparse_softmax_cross_entropy
from tf1x.lib.train.gradient_descent import GradientDescentOptimizer
from tf1x.lib.variables import Variable
from tf1x.ops import math as m
from tf1x.ops.array import zeros
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import in_top_k
from tf1x.ops.random import truncated_normal
from tf1x.ops.reduce import reduce_sum
from tf1x.ops.summary_functions import scalar

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Tensor:
    """Logits [batch, 10] for images [batch, 784]: two layers of rectified units and a linear one."""
    sizes = (IMAGE_PIXELS, hidden1_units, hidden2_units, NUM_CLASSES)
    x = images
    for i, name in enumerate(("hidden1", "hidden2", "softmax_linear")):
        with scopes.name_scope(name):
            spread = 1.0 / math.sqrt(float(sizes[i]))
            weights = Variable(truncated_normal(sizes[i : i + 2], stddev=spread), name="weights")
            biases = Variable(zeros([sizes[i + 1]]), name="biases")
            x = matmul(x, weights) + biases
            x = x if name == "softmax_linear" else opdef.get("Relu")(x)
    return x


def loss(logits: Any, labels: Any) -> Tensor:
    """The mean cross entropy of integer labels."""
    return sparse_softmax_cross_entropy(labels=m.cast(labels, dtypes.int64), logits=logits)


def training(loss: Any, learning_rate: Any) -> Any:
    """An op that takes a step of gradient descent, counts it, and a summary of the loss."""
    scalar("loss", loss)
    global_step = Variable(0, name="global_step", trainable=False)
    return GradientDescentOptimizer(learning_rate).minimize(loss, global_step=global_step)


def evaluation(logits: Any, labels: Any) -> Tensor:
    """How many of the batch are classified rightly (int32)."""
    return reduce_sum(m.cast(in_top_k(logits, labels, 1), dtypes.int32))
