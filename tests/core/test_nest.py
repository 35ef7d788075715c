from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf1x.core import nest

Point = namedtuple("Point", ["x", "y"])

structures = st.recursive(
    st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=12,
)


@given(structures)
def test_packing_undoes_flattening(structure):
    flat = nest.flatten(structure)
    assert nest.pack_sequence_as(structure, flat) == structure
    assert nest.map_structure(lambda x: x + 1, structure) == nest.pack_sequence_as(
        structure, [x + 1 for x in flat]
    )
    nest.assert_same_structure(structure, nest.map_structure(str, structure))


@given(structures)
def test_flatten_equals_tensorflow(structure):
    from tests.oracle import tf1

    assert nest.flatten(structure) == tf1.nest.flatten(structure)


def test_dicts_flatten_by_key_and_keep_their_order():
    value = OrderedDict([("b", 1), ("a", (2, [3]))])
    assert nest.flatten(value) == [2, 3, 1]
    assert list(nest.map_structure(str, value)) == ["b", "a"]


def test_differences_are_told():
    with pytest.raises(ValueError, match="nested structure"):
        nest.assert_same_structure([1], 1)
    with pytest.raises(TypeError, match="sequence type"):
        nest.assert_same_structure([1], (1,))
    with pytest.raises(ValueError, match="keys"):
        nest.assert_same_structure({"a": 1}, {"b": 1})
    with pytest.raises(ValueError, match="elements"):
        nest.pack_sequence_as([1, 2], [1])


def test_shallow():
    assert nest.flatten_up_to([1, 2], [(1, 2), 3]) == [(1, 2), 3]
    assert nest.map_structure_up_to((1, 2), sum, ([1, 2], [3])) == (3, 3)
    assert nest.flatten_dict_items({("a", "b"): (1, 2), "c": 3}) == {"a": 1, "b": 2, "c": 3}


def test_views_of_dicts_are_structure():
    from tests.oracle import tf1

    weights = {"w": 1, "b": {"x": 2}}
    for view in (weights.keys(), weights.values(), weights.items()):
        assert nest.flatten(view) == tf1.nest.flatten(view)
        assert nest.map_structure(str, view) == tf1.nest.map_structure(str, view)
