import io
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightdata.utils.footer import UnreadableFooter, footer_length, row_groups
from flightdata.utils.parquet import write_parquet

SCHEMA = {"name": pl.String(), "number": pl.Int64(), "flag": pl.Boolean(), "fraction": pl.Float64()}


def written(rows, **options):
    chance = random.Random(rows)
    table = pl.DataFrame(
        {
            "name": [f"{n:06x}" for n in range(rows)],
            "number": [chance.randrange(2**40) for _ in range(rows)],
            "flag": [chance.random() < 0.5 for _ in range(rows)],
            "fraction": [chance.random() for _ in range(rows)],
        },
        schema=SCHEMA,
    )
    file = io.BytesIO()
    if options:
        table.write_parquet(file, **options)
    else:
        write_parquet([table], file, schema=SCHEMA, metadata={"about": "x" * 300})
    return table, file.getvalue()


def groups_of(content):
    return row_groups(content[-footer_length(content[-8:]) :], "name")


@pytest.mark.parametrize("options", [{}, {"row_group_size": 30_000}, {"row_group_size": 30_000, "compression": "zstd"}])
@pytest.mark.parametrize("rows", [1, 200_000])
def test_the_row_groups_are_told_with_their_rows_bytes_and_values(rows, options):
    table, content = written(rows, **options)
    groups = groups_of(content)
    assert [group.first_row for group in groups] == [sum(one.rows for one in groups[:n]) for n in range(len(groups))]
    assert sum(group.rows for group in groups) == rows
    assert (len(groups) > 1) == (rows > 1)
    for group in groups:
        names = table["name"][group.first_row : group.first_row + group.rows]
        assert (group.least, group.greatest) == (names.min(), names.max())
        assert 4 <= group.start < group.end < len(content)


def test_the_bytes_of_a_row_group_are_all_that_its_rows_need():
    table, content = written(200_000)
    for group in groups_of(content):
        length = footer_length(content[-8:])
        holes = bytearray(len(content))
        for part in (slice(group.start, group.end), slice(len(content) - length, None)):
            holes[part] = content[part]
        found = pl.scan_parquet(io.BytesIO(bytes(holes))).slice(group.first_row, group.rows).collect()
        assert found.equals(table.slice(group.first_row, group.rows))


def test_without_statistics_every_group_may_hold_everything():
    _, content = written(10, statistics=False)
    (group,) = groups_of(content)
    assert group.may_hold("whatever")


@given(st.binary(max_size=200))
def test_what_is_no_footer_is_refused(content):
    for wrong in (lambda: row_groups(content, "name"), lambda: footer_length(content)):
        with pytest.raises(UnreadableFooter, match="Parquet"):
            wrong()


_, SMALL = written(10)
FOOTER = SMALL[-footer_length(SMALL[-8:]) :]


@settings(max_examples=2000)
@given(
    st.dictionaries(st.integers(0, len(FOOTER) - 1), st.integers(0, 255) | st.sampled_from([0x80, 0xFF]), max_size=4),
    st.integers(0, len(FOOTER)) | st.just(len(FOOTER)),
)
def test_a_damaged_footer_is_refused_or_tells_of_places_in_a_file(damage, length):
    damaged = bytes(damage.get(place, byte) for place, byte in enumerate(FOOTER))[:length]
    try:
        groups = row_groups(damaged, "name")
    except UnreadableFooter:
        return
    assert all(0 <= group.start < group.end and group.rows >= 0 for group in groups)


HALF_A_MEGABYTE = 500_000


@pytest.mark.parametrize(
    "endless",
    [
        b"\x15" + b"\xff" * HALF_A_MEGABYTE,  # one number
        b"\x1c" * HALF_A_MEGABYTE,  # structs in structs
        b"\x19" + b"\xf9" * HALF_A_MEGABYTE,  # lists in lists
        b"\x19\xfc" + b"\xff" * 8 + b"\x01" + b"\x00" * HALF_A_MEGABYTE,  # 2^63 structs
        b"\x18" + b"\xff" * 8 + b"\x01",  # a text of 2^63 bytes
    ],
    ids=["number", "structs", "lists", "count", "text"],
)
def test_what_claims_to_be_endless_is_refused(endless):
    with pytest.raises(UnreadableFooter):
        row_groups(endless, "name")
