"""The networks of `tf.contrib.slim.nets`: names and numbers of parameters, shapes, and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x

slim = tf1x.contrib.slim
nets = slim.nets


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf1x.Graph().as_default() as graph:
        yield graph


def _images(size: int, channels: int = 3) -> Any:
    return tf1x.placeholder(tf1x.float32, [2, size, size, channels])


def _parameters(variables: Any) -> int:
    total: int = slim.model_analyzer.analyze_vars(variables)[0]
    return total


# The numbers of parameters are those of the same networks elsewhere: of torchvision for VGG (11, 16,
# 19 layers) and ResNet; of the tests of TensorFlow Slim for Inception.


@pytest.mark.parametrize(
    ("name", "parameters", "names"),
    [
        ("vgg_a", 132_863_336, "conv1/conv1_1 conv4/conv4_2 fc6"),
        ("vgg_16", 138_357_544, "conv1/conv1_2 conv5/conv5_3 fc7"),
        ("vgg_19", 143_667_240, "conv3/conv3_4 conv5/conv5_4 fc8"),
    ],
)
def test_vgg(name: str, parameters: int, names: str) -> None:
    with slim.arg_scope(nets.vgg.vgg_arg_scope()):
        logits, points = getattr(nets.vgg, name)(_images(224))
    assert logits.shape.as_list() == [2, 1000]
    assert logits.op.name == f"{name}/fc8/squeezed"
    assert points[f"{name}/fc8"] is logits
    assert _parameters(slim.get_model_variables()) == parameters
    made = {v.op.name for v in tf1x.trainable_variables()}
    for layer in names.split():
        assert {f"{name}/{layer}/weights", f"{name}/{layer}/biases"} <= made
        assert f"{name}/{layer}" in points
    assert len(tf1x.losses.get_regularization_losses()) == len(made) // 2


@pytest.mark.parametrize(
    ("module", "name", "size", "points"),
    [
        ("alexnet", "alexnet_v2", 224, "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8"),
        ("overfeat", "overfeat", 231, "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8"),
    ],
)  # fmt: skip
def test_chains(module: str, name: str, size: int, points: str) -> None:
    package = getattr(nets, module)
    network = getattr(package, name)
    assert network.default_image_size == size
    with slim.arg_scope(getattr(package, f"{name}_arg_scope")()):
        logits, found = network(_images(size), 7)
    assert logits.shape.as_list() == [2, 7]
    assert [key.removeprefix(f"{name}/") for key in found] == points.split()
    assert found[f"{name}/fc6"].shape.as_list()[1:3] == [1, 1]


@pytest.mark.parametrize(
    ("version", "parameters", "shape", "layers"),
    [
        (1, 5_607_184, [7, 7, 1024], "Mixed_5b/Branch_2/Conv2d_0a_3x3 Mixed_3b/Branch_3/Conv2d_0b_1x1"),
        (2, 10_173_112, [7, 7, 1024], "Mixed_4a/Branch_1/Conv2d_1a_3x3 Mixed_5c/Branch_2/Conv2d_0c_3x3"),
        (3, 21_802_784, [8, 8, 2048], "Mixed_5c/Branch_1/Conv_1_0c_5x5 Mixed_7c/Branch_1/Conv2d_0c_3x1"),
    ],
)  # fmt: skip
def test_inception(version: int, parameters: int, shape: list[int], layers: str) -> None:
    name = f"inception_v{version}"
    module = getattr(nets, name)
    assert getattr(nets.inception, name) is getattr(module, name)
    with slim.arg_scope(getattr(module, f"{name}_arg_scope")()):
        size = getattr(module, name).default_image_size
        net, _ = getattr(module, f"{name}_base")(_images(size), scope=f"InceptionV{version}")
        assert net.shape.as_list()[1:] == shape
        assert _parameters(slim.get_model_variables()) == parameters
        made = {v.op.name for v in tf1x.global_variables()}
        for layer in layers.split():
            assert f"InceptionV{version}/{layer}/weights" in made
            assert f"InceptionV{version}/{layer}/BatchNorm/moving_variance" in made
        logits, points = getattr(module, name)(_images(size), 9, reuse=tf1x.AUTO_REUSE)
    assert logits.shape.as_list() == points["Predictions"].shape.as_list() == [2, 9]
    assert ("AuxLogits" in points) == (version == 3)
    moving = [v for v in tf1x.global_variables() if "/moving_" in v.op.name]
    assert tf1x.get_collection("moving_vars") == moving


def test_inception_of_other_sizes() -> None:
    module = nets.inception_v3
    with slim.arg_scope(module.inception_v3_arg_scope()):
        net, points = module.inception_v3_base(
            _images(149), "Mixed_6a", depth_multiplier=0.5, min_depth=20
        )
    assert list(points)[-1] == "Mixed_6a"
    assert net is points["Mixed_6a"]
    assert points["Conv2d_1a_3x3"].shape.as_list()[-1] == 20
    assert points["Conv2d_4a_3x3"].shape.as_list()[-1] == 96
    with pytest.raises(ValueError, match="Unknown final endpoint"):
        nets.inception_v1.inception_v1_base(_images(64), "Mixed_9")
    with pytest.raises(ValueError, match="greater than zero"):
        module.inception_v3_base(_images(149), depth_multiplier=0)


@pytest.mark.parametrize(("layers", "parameters"), [(50, 25_557_032), (101, 44_549_160)])
def test_resnet_v1(layers: int, parameters: int) -> None:
    name = f"resnet_v1_{layers}"
    with slim.arg_scope(nets.resnet_v1.resnet_arg_scope()):
        logits, points = getattr(nets.resnet_v1, name)(_images(224), 1000)
    assert logits.shape.as_list() == [2, 1, 1, 1000]
    assert _parameters(tf1x.trainable_variables()) == parameters
    made = {v.op.name for v in tf1x.global_variables()}
    for layer in (
        "conv1",
        "block1/unit_1/bottleneck_v1/shortcut",
        "block4/unit_3/bottleneck_v1/conv3",
    ):
        assert f"{name}/{layer}/weights" in made
        assert f"{name}/{layer}/BatchNorm/gamma" in made
    assert points[f"{name}/block2"].shape.as_list()[1:] == [14, 14, 512]
    assert points["predictions"].shape.as_list() == [2, 1, 1, 1000]


def test_resnet_v2() -> None:
    with slim.arg_scope(nets.resnet_v2.resnet_arg_scope()):
        features, points = nets.resnet_v2.resnet_v2_50(
            _images(224), global_pool=False, output_stride=8, is_training=False
        )
    assert features.shape.as_list() == [2, 28, 28, 2048]
    made = {v.op.name for v in tf1x.global_variables()}
    unit = "resnet_v2_50/block1/unit_1/bottleneck_v2"
    for variable in (
        "resnet_v2_50/conv1/biases", "resnet_v2_50/postnorm/gamma", f"{unit}/preact/beta",
        f"{unit}/shortcut/biases", f"{unit}/conv1/BatchNorm/beta", f"{unit}/conv3/biases",
    ):  # fmt: skip
        assert variable in made
    assert "predictions" not in points
    assert "resnet_v2_50/block4" in points


@pytest.mark.parametrize("version", [1, 2])
def test_dilated_units_see_the_same(version: int) -> None:
    """A network of a smaller output stride has the features of the other at every n-th pixel."""
    module = getattr(nets, f"resnet_v{version}")
    block = getattr(module, f"resnet_v{version}_block")
    network = getattr(module, f"resnet_v{version}")
    x = tf1x.constant(np.random.RandomState(0).randn(1, 33, 33, 3).astype(np.float32))

    def features(output_stride: int | None) -> Any:
        blocks = [block("block1", 1, 2, 2), block("block2", 2, 2, 2), block("block3", 3, 2, 1)]
        return network(
            x, blocks, is_training=False, global_pool=False, output_stride=output_stride,
            include_root_block=False, reuse=tf1x.AUTO_REUSE, scope="tiny",
        )[0]  # fmt: skip

    with slim.arg_scope(nets.resnet_utils.resnet_arg_scope()):
        plain, dilated = features(None), features(2)
        with pytest.raises(ValueError, match="cannot be reached"):
            features(8)
    thinned = dilated[:, ::2, ::2]
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        found, wanted = session.run([thinned, plain])
    assert found.shape == (1, 9, 9, 12)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_padding_of_strides_does_not_depend_on_the_size() -> None:
    """`conv2d_same` with a stride is every n-th pixel of the convolution without."""
    conv2d_same = nets.resnet_utils.conv2d_same
    x = tf1x.constant(np.random.RandomState(0).randn(1, 6, 6, 2).astype(np.float32))
    dense = conv2d_same(x, 3, 3, 1, scope="c")[:, ::2, ::2]
    with tf1x.variable_scope("", reuse=True):
        strided = conv2d_same(x, 3, 3, 2, scope="c")
    thinned = nets.resnet_utils.subsample(x, 2)
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        found, wanted = session.run([strided, dense])
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        pixels = session.run([thinned, x])
        np.testing.assert_array_equal(pixels[0], pixels[1][:, ::2, ::2])


def test_lenet_runs() -> None:
    with slim.arg_scope(nets.lenet.lenet_arg_scope(0.01)):
        logits, points = nets.lenet.lenet(tf1x.ones([2, 12, 12, 1]))
    wanted = 832 + 51_264 + 576 * 1024 + 1024 + 10_250
    assert _parameters(tf1x.trainable_variables()) == wanted
    assert len(tf1x.losses.get_regularization_losses()) == 4
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        values, shares = session.run([logits, points["Predictions"]])
    assert values.shape == (2, 10)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)


def test_the_beginning_of_an_inception_has_gradients() -> None:
    module = nets.inception_v2
    flag = tf1x.placeholder(tf1x.bool, [])
    with (
        slim.arg_scope(module.inception_v2_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=flag),
    ):
        images = tf1x.random_normal([2, 32, 32, 3], seed=1)
        net, _ = module.inception_v2_base(images, "Mixed_3b", depth_multiplier=0.1)
    weights = slim.get_variables_by_name("weights")[0]
    (gradient,) = tf1x.gradients(tf1x.reduce_sum(tf1x.square(net)), weights)
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        assert session.run(net, {flag: False}).shape == (2, 4, 4, 64)
        assert np.abs(session.run(gradient, {flag: True})).sum() > 0
