"""JSON values as typed columns: what is not of a column's type is found, wherever it stands."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.validation.columns import CODE, FLAG, NUMBER, TEXT, frame


def column(values, kind):
    """The values as they came out, and the places of those that are not of `kind`."""
    table, wrong = frame([("x", values, kind)])
    assert set(wrong.values()) <= {"x"}
    return table["x"].to_list(), set(wrong)


@pytest.mark.parametrize(
    ("kind", "dtype"), [(TEXT, pl.String), (NUMBER, pl.Float64), (FLAG, pl.Boolean), (CODE, pl.Int8)]
)
@pytest.mark.parametrize("values", [[None], [], [[]]], ids=["null", "nothing", "wrong"])
def test_a_column_has_the_type_of_its_kind_whatever_is_in_it(kind, dtype, values):
    assert frame([("x", values, kind)])[0].schema == {"x": dtype}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TEXT, ["a", "", " ", "1", None]),
        (NUMBER, [1, 0, -1, None]),
        (NUMBER, [1, 0.5, 2]),
        (NUMBER, [0.5, 1, 0]),
        (NUMBER, [None, 1, 0.5]),
        (NUMBER, [1.0, 0.0]),
        (NUMBER, [1e308, -1e308, 5e-324]),
        (FLAG, [True, False, None]),
        (CODE, [0, 1, -1, 127, -127, None]),
    ],
)
def test_values_of_the_kind_come_out_as_they_are(kind, values):
    assert column(values, kind) == (values, set())


@pytest.mark.parametrize("first", [1, 1.5, None])
@pytest.mark.parametrize("big", [2**63 - 1, 2**63, 2**64 - 1, -(2**63), 2**70])
def test_a_number_beyond_64_bits_becomes_the_nearest_float(first, big):
    assert column([first, big], NUMBER) == ([first, float(big)], set())


@pytest.mark.parametrize(
    ("kind", "good", "misfits"),
    [
        (TEXT, "a", [0, 1, 1.5, True, False, [], ["a"], {}, {"a": "b"}]),
        (NUMBER, 1, ["", "1", True, False, [], [1], {}, {"a": 1}]),
        (NUMBER, 0, ["", "1", True, False, [], [1], {}, {"a": 1}]),
        (NUMBER, 1.5, ["", "1", True, False, [], [1], {}, {"a": 1}]),
        (NUMBER, None, ["", "1", True, False, [], [1], {}, {"a": 1}]),
        (FLAG, True, [0, 1, 0.0, 1.0, "", "true", [], [True], {}]),
        (CODE, 1, [0.0, 1.0, 1.5, True, False, "", "1", [], [1], {}, 128, -129, 300, 2**31, 2**63, 2**64]),
        (CODE, 0, [0.0, 1.0, 1.5, True, False, "", "1", [], [1], {}, 128, -129, 300, 2**31, 2**63, 2**64]),
    ],
)
def test_a_misfit_is_found_before_between_and_after_good_values(kind, good, misfits):
    for misfit in misfits:
        assert column([misfit, good, good], kind) == ([None, good, good], {0}), misfit
        assert column([good, misfit, good], kind) == ([good, None, good], {1}), misfit
        assert column([good, good, misfit], kind) == ([good, good, None], {2}), misfit
        assert column([misfit], kind) == ([None], {0}), misfit


def test_several_misfits_are_all_found():
    assert column([True, 1, "x", 2, [], False], NUMBER) == ([None, 1, None, 2, None, None], {0, 2, 4, 5})


def test_a_row_is_named_by_its_first_wrong_column():
    _, wrong = frame([("a", ["x", 1], TEXT), ("b", [True, "y"], NUMBER), ("c", [0, 0], FLAG)])
    assert wrong == {0: "b", 1: "a"}


def test_columns_keep_their_order_and_names():
    assert frame([("b", [1], NUMBER), ("a", ["x"], TEXT)])[0].columns == ["b", "a"]


def test_a_misfit_in_one_column_leaves_the_others_as_they_are():
    table, _ = frame([("a", ["x", "y"], TEXT), ("b", [True, 2], NUMBER)])
    assert table.rows() == [("x", None), ("y", 2.0)]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.integers(-(2**65), 2**65).filter(lambda number: number != -128)  # known: see test_opensky
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, 1.0, "", "1"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
)
VALUES = st.lists(SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=1), SCALARS, max_size=1))


@given(VALUES, st.sampled_from([(TEXT, (str,)), (NUMBER, (int, float)), (FLAG, (bool,)), (CODE, (int,))]))
def test_exactly_the_values_of_another_type_are_found(values, expected):
    kind, types = expected
    wrong = {
        place
        for place, value in enumerate(values)
        if value is not None and (type(value) not in types or (kind is CODE and not -128 < value < 128))
    }
    kept = [None if place in wrong else value for place, value in enumerate(values)]
    if kind is NUMBER:
        kept = [None if value is None else float(value) for value in kept]
    assert column(values, kind) == (kept, wrong)
