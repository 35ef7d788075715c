"""slim's datasets: records decoded into items, provided by queues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf1x as tf

slim = tf.contrib.slim
decoding = slim.tfexample_decoder


def feature(values: object) -> tf.train.Feature:
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return tf.train.Feature(int64_list=tf.train.Int64List(value=array.ravel()))
    if array.dtype.kind == "f":
        return tf.train.Feature(float_list=tf.train.FloatList(value=array.ravel()))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=list(np.ravel(values))))


def example(**features: object) -> bytes:
    named = {key.replace("__", "/"): feature(value) for key, value in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def png(pixels: np.ndarray) -> bytes:
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(tf.image.encode_png(pixels))


PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def decoded(serialized: bytes, keys: dict, handlers: dict) -> dict:
    with tf.Graph().as_default(), tf.Session() as session:
        decoder = decoding.TFExampleDecoder(keys, handlers)
        items = decoder.decode(tf.constant(serialized))
        session.run(tf.tables_initializer())
        return dict(zip(decoder.list_items(), session.run(items), strict=True))


def test_handlers_of_examples() -> None:
    serialized = example(
        image__encoded=[png(PIXELS)], image__format=[b"png"], label=[3], ymin=[0.1, 0.2],
        xmin=[0.3, 0.4], ymax=[0.5, 0.6], xmax=[0.7, 0.8], numbers=[1, 2, 3, 4, 5, 6], shape=[2, 3],
        indices=[1, 3], values=[7.0, 9.0], word=[b"b"],
    )  # fmt: skip
    keys = {
        "image/encoded": tf.FixedLenFeature((), tf.string, default_value=""),
        "image/format": tf.FixedLenFeature((), tf.string, default_value="jpeg"),
        "label": tf.FixedLenFeature([1], tf.int64),
        **{name: tf.VarLenFeature(tf.float32) for name in ("ymin", "xmin", "ymax", "xmax")},
        "numbers": tf.VarLenFeature(tf.int64),
        "shape": tf.VarLenFeature(tf.int64),
        "indices": tf.VarLenFeature(tf.int64),
        "values": tf.VarLenFeature(tf.float32),
        "nothing": tf.VarLenFeature(tf.int64),
        "word": tf.FixedLenFeature((), tf.string),
    }
    found = decoded(
        serialized,
        keys,
        {
            "image": decoding.Image(),
            "label": decoding.Tensor("label", shape=[]),
            "boxes": decoding.BoundingBox(),
            "matrix": decoding.Tensor("numbers", shape_keys="shape"),
            "sparse": decoding.SparseTensor(shape=[5], densify=True),
            "sum": decoding.ItemHandlerCallback(
                ["label", "numbers"], lambda t: t["label"] + tf.reduce_sum(t["numbers"].values)
            ),
            "backup": decoding.BackupHandler(
                decoding.Tensor("nothing"), decoding.Tensor("numbers")
            ),
        },
    )
    np.testing.assert_array_equal(found["image"], PIXELS)
    assert found["label"] == 3
    np.testing.assert_allclose(found["boxes"], [[0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8]])
    np.testing.assert_array_equal(found["matrix"], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(found["sparse"], [0, 7, 0, 9, 0])
    np.testing.assert_array_equal(found["sum"], [24])
    np.testing.assert_array_equal(found["backup"], [1, 2, 3, 4, 5, 6])


def test_raw_and_repeated_images() -> None:
    keys = {
        "image/encoded": tf.VarLenFeature(tf.string),
        "image/format": tf.FixedLenFeature((), tf.string),
    }
    raw = example(image__encoded=[PIXELS.tobytes()], image__format=[b"raw"])
    image = decoded(raw, keys, {"image": decoding.Image(shape=[2, 4, 3])})["image"]
    np.testing.assert_array_equal(image, PIXELS)
    two = example(image__encoded=[png(PIXELS), png(PIXELS + 1)], image__format=[b"png"])
    images = decoded(two, keys, {"images": decoding.Image(repeated=True)})["images"]
    np.testing.assert_array_equal(images, [PIXELS, PIXELS + 1])


def test_a_dataset_is_provided_by_queues(tmp_path: Path) -> None:
    path = str(tmp_path / "data.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        for number in range(5):
            writer.write(example(label=[number]))
    with tf.Graph().as_default(), tf.Session() as session:
        decoder = decoding.TFExampleDecoder(
            {"label": tf.FixedLenFeature([], tf.int64)}, {"label": decoding.Tensor("label")}
        )
        dataset = slim.dataset.Dataset(
            path, tf.TFRecordReader, decoder, 5, {"label": "a number"}, num_classes=10
        )
        provider = slim.dataset_data_provider.DatasetDataProvider(
            dataset, shuffle=False, num_epochs=1
        )
        key, label = provider.get(["record_key", "label"])
        assert (dataset.num_classes, provider.num_samples()) == (10, 5)
        assert sorted(provider.list_items()) == ["label", "record_key"]
        session.run(tf.local_variables_initializer())
        with slim.queues.QueueRunners(session):
            found = [session.run([label, key]) for _ in range(5)]
        assert [number for number, _ in found] == [0, 1, 2, 3, 4]
        assert found[0][1].startswith(path.encode())
        with pytest.raises(ValueError, match=r"\['boxes'\] are not among"):
            provider.get(["boxes"])
        with pytest.raises(AttributeError, match="without 'num_colors'"):
            _ = dataset.num_colors
        with pytest.raises(ValueError, match="another name"):
            slim.dataset_data_provider.DatasetDataProvider(dataset, record_key="label")


def test_wrong_handlers() -> None:
    with pytest.raises(ValueError, match="expects 4 keys but got 2"):
        decoding.BoundingBox(["a", "b"])
    with pytest.raises(ValueError, match="both shape_keys and shape"):
        decoding.Tensor("a", shape_keys="b", shape=[1])
    with pytest.raises(ValueError, match="instead of ItemHandler"):
        decoding.BackupHandler(decoding.Tensor("a"), "b")
