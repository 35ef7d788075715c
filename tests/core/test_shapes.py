import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf1x.core.shapes import Dimension, TensorShape, as_shape, unknown_shape

dims = st.none() | st.integers(0, 50)
shapes = st.none() | st.lists(dims, max_size=5)


@given(shapes, shapes)
def test_merging_agrees_with_compatibility(a, b):
    first, second = TensorShape(a), TensorShape(b)
    if first.is_compatible_with(second):
        merged = first.merge_with(second)
        assert merged == second.merge_with(first)
        assert merged.is_compatible_with(first)
        assert merged.is_compatible_with(second)
    else:
        with pytest.raises(ValueError, match="not compatible"):
            first.merge_with(second)


@given(shapes)
def test_proto_round_trip(a):
    assert TensorShape(TensorShape(a).as_proto()) == TensorShape(a)


@given(st.lists(dims, max_size=5), st.slices(5))
def test_slicing_is_that_of_a_list(a, part):
    assert TensorShape(a)[part].as_list() == a[part]


@given(dims, dims)
def test_dimension_arithmetic_is_unknown_when_either_is(a, b):
    total = Dimension(a) + Dimension(b)
    assert total.value == (None if a is None or b is None else a + b)
    assert (Dimension(a) * b).value == (None if a is None or b is None else a * b)
    assert (Dimension(a) == Dimension(b)) == (None if a is None or b is None else a == b)


def test_dimensions_serve_as_integers():
    assert list(range(Dimension(3))) == [0, 1, 2]
    assert (Dimension(7) // 2).value == 3
    assert (7 - Dimension(2)).value == 5
    with pytest.raises(ValueError, match=">= 0"):
        Dimension(-1)
    with pytest.raises(TypeError):
        int(Dimension(None))


def test_text_forms():
    assert str(TensorShape([None, 3])) == "(?, 3)"
    assert str(TensorShape([5])) == "(5,)"
    assert str(TensorShape(None)) == "<unknown>"
    assert repr(TensorShape([None, 3])) == "TensorShape([Dimension(None), Dimension(3)])"


def test_unknown_rank():
    shape = unknown_shape()
    assert shape.ndims is None
    assert not shape
    with pytest.raises(ValueError, match="unknown"):
        shape.as_list()
    assert shape.with_rank(2).as_list() == [None, None]
    assert as_shape([2]).concatenate(shape).ndims is None
