"""CIFAR-10 with augmentation, and three ways to build a layer: plain, depthwise, 1x1.

Four times two layers of convolutions with batch normalisation look at 32x32 colour pictures of ten
kinds of things. The second layer of each pair costs most, and can be had for less:

- plain: one 3x3 convolution over all channels, 9 n^2 weights;
- depthwise: a 3x3 convolution of each channel alone (`tf.nn.depthwise_conv2d`), then a 1x1 one that
  mixes the channels: together `tf.nn.separable_conv2d`, 9 n + n^2 weights;
- bottleneck: a 1x1 convolution to a quarter of the channels, 3x3 there, and 1x1 back to all of
  them: n^2/4 + 9 n^2/16 + n^2/4 weights.

The training pictures are augmented: mirrored left to right at random, and moved by up to four
pixels, so that the network never sees the same picture twice.
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf
from tqdm import tqdm

BATCH_SIZE = 100
LEARNING_RATE = 0.002
CHANNELS = (32, 64, 128)
XAVIER = tf.glorot_uniform_initializer()


def filters(name, *shape):
    return tf.get_variable(name, shape, initializer=XAVIER)


def plain(x, n):
    return tf.nn.conv2d(x, filters("W", 3, 3, n, n), strides=[1, 1, 1, 1], padding="SAME")


def depthwise(x, n):
    each, mix = filters("each_channel", 3, 3, n, 1), filters("mix", 1, 1, n, n)
    return tf.nn.separable_conv2d(x, each, mix, strides=[1, 1, 1, 1], padding="SAME")


def bottleneck(x, n):
    few = n // 4
    x = tf.nn.conv2d(x, filters("down", 1, 1, n, few), strides=[1, 1, 1, 1], padding="SAME")
    x = tf.nn.relu(x)
    x = tf.nn.conv2d(x, filters("W", 3, 3, few, few), strides=[1, 1, 1, 1], padding="SAME")
    x = tf.nn.relu(x)
    return tf.nn.conv2d(x, filters("up", 1, 1, few, n), strides=[1, 1, 1, 1], padding="SAME")


VARIANTS = {"plain": plain, "depthwise": depthwise, "bottleneck": bottleneck}
