"""Which bytes a `Range` asks for, against slicing."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.downloads.rules import read_part, wanted_part, write_part

SIZES = st.integers(0, 40)
PLACES = st.integers(0, 50)


@given(size=SIZES, first=PLACES, length=st.integers(0, 50))
def test_a_range_is_a_slice(size: int, first: int, length: int) -> None:
    content = bytes(range(size))
    wanted = content[first : first + length + 1]
    header = f"bytes={first}-{first + length}"
    if not wanted:
        with pytest.raises(ValueError, match="behind the end"):
            wanted_part(header, size=size)
        return
    part = wanted_part(header, size=size)
    assert part is not None
    assert content[part[0] : part[1] + 1] == wanted


@given(size=SIZES, count=PLACES)
def test_the_last_bytes(size: int, count: int) -> None:
    content = bytes(range(size))
    if size == 0 or count == 0:
        with pytest.raises(ValueError, match="nothing"):
            wanted_part(f"bytes=-{count}", size=size)
        return
    part = wanted_part(f"bytes=-{count}", size=size)
    assert part is not None
    assert content[part[0] : part[1] + 1] == content[-count:]


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=1-2,4-5", "bytes=5-2", "items=0-1", "bytes=a-b", "bytes=٣-٤"],
)
def test_what_is_no_range_asks_for_everything(header: str | None) -> None:
    assert wanted_part(header, size=10) is None


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 9)), ("bytes=0-0", (0, 0)), ("bytes=9-9", (9, 9)), ("bytes=2-100", (2, 9)),
        ("bytes=-1", (9, 9)), ("bytes=-10", (0, 9)), ("bytes=-100", (0, 9)), (" bytes=3-4 ", (3, 4)),
    ],
)  # fmt: skip
def test_the_ends_are_named_as_they_are(header: str, part: tuple[int, int]) -> None:
    assert wanted_part(header, size=10) == part


def test_from_a_place_to_the_end() -> None:
    assert wanted_part("bytes=4-", size=10) == (4, 9)
    assert wanted_part("bytes=0-0", size=10) == (0, 0)


def test_a_link_names_file_and_download() -> None:
    file_id, download_id = uuid4(), uuid4()
    assert read_part(write_part(file_id, download_id)) == (file_id, download_id)
    with pytest.raises(ValueError, match="badly formed"):
        read_part("original")
