"""Packing: nothing is lost, every limit is kept, and groups are few."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.shared.packing import BILLING_CHUNK_BYTES, REQUEST_BYTES, REQUEST_ENTRIES, Entry, group, utf8_bytes

sizes = st.lists(st.integers(1, 120), max_size=60)
limits = st.tuples(st.integers(1, 100), st.none() | st.integers(1, 12))


def fewest(sizes: list[int], capacity: int, most: int) -> int:
    """The fewest groups there can be, by trying everything."""
    best = len(sizes)

    def place(rest: list[int], groups: list[list[int]]) -> None:
        nonlocal best
        if len(groups) >= best:
            return
        if not rest:
            best = len(groups)
            return
        first, *others = rest
        for members in groups:
            if sum(members) + first <= capacity and len(members) < most:
                members.append(first)
                place(others, groups)
                members.pop()
        place(others, [*groups, [first]])

    place(sorted(sizes, reverse=True), [])
    return best


@given(sizes, limits)
def test_everything_is_in_exactly_one_group(sizes, limits):
    capacity, most = limits
    groups = group(sizes, capacity=capacity, most=most)
    assert sorted(index for members in groups for index in members) == list(range(len(sizes)))


@given(sizes, limits)
def test_order_is_kept_in_groups_and_between_their_first_members(sizes, limits):
    capacity, most = limits
    groups = group(sizes, capacity=capacity, most=most)
    assert all(a < b for members in groups for a, b in pairwise(members))
    assert all(a[0] < b[0] for a, b in pairwise(groups))


@given(sizes, limits)
def test_no_group_exceeds_a_limit_unless_it_holds_one_thing_that_is_too_large(sizes, limits):
    capacity, most = limits
    for members in group(sizes, capacity=capacity, most=most):
        assert len(members) <= (most or len(sizes))
        assert len(members) == 1 or sum(sizes[index] for index in members) <= capacity


@given(sizes, limits)
def test_what_is_too_large_is_alone(sizes, limits):
    capacity, most = limits
    for members in group(sizes, capacity=capacity, most=most):
        assert len(members) == 1 or all(sizes[index] <= capacity for index in members)


@settings(max_examples=150)
@given(st.lists(st.integers(1, 60), max_size=8), st.integers(20, 60), st.integers(2, 8))
def test_groups_are_as_few_as_trying_everything_finds_but_for_the_known_bound(sizes, capacity, most):
    best = fewest(sizes, capacity, most)
    assert best <= len(group(sizes, capacity=capacity, most=most)) <= 11 / 9 * best + 6 / 9 or most < len(sizes)
    assert len(group(sizes, capacity=capacity, most=most)) <= best + 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=300), st.integers(40, 4_000))
def test_any_two_groups_together_hold_more_than_fits_one(sizes, capacity):
    filled = [sum(sizes[index] for index in members) for members in group(sizes, capacity=capacity)]
    assert all(a + b > capacity for a, b in pairwise(filled))


@given(st.integers(1, 500), st.integers(1, 20))
def test_things_of_one_size_need_no_group_more_than_they_must(count, each):
    assert len(group([each] * count, capacity=100, most=10)) == -(-count // min(10, 100 // each))


def test_a_byte_decides_at_the_edge_of_a_billing_chunk():
    assert len(group([BILLING_CHUNK_BYTES // 2] * 2, capacity=BILLING_CHUNK_BYTES)) == 1
    assert len(group([BILLING_CHUNK_BYTES // 2, BILLING_CHUNK_BYTES // 2 + 1], capacity=BILLING_CHUNK_BYTES)) == 2


def test_a_large_thing_between_small_ones_does_not_part_them():
    assert group([10, 500, 10], capacity=100) == [[0, 2], [1]]


def test_a_request_takes_ten_entries_or_a_mebibyte():
    assert [len(g) for g in group([100] * 21, capacity=REQUEST_BYTES, most=REQUEST_ENTRIES)] == [10, 10, 1]
    assert len(group([REQUEST_BYTES // 2] * 2, capacity=REQUEST_BYTES, most=REQUEST_ENTRIES)) == 1
    assert len(group([REQUEST_BYTES // 2 + 1] * 2, capacity=REQUEST_BYTES, most=REQUEST_ENTRIES)) == 2


def test_nothing_needs_no_group():
    assert group([], capacity=10, most=3) == []


@given(st.text())
def test_sizes_are_counted_in_utf8_bytes(text):
    assert utf8_bytes(text) == len(text.encode())


def test_an_entry_counts_its_source_type_and_detail():
    assert Entry("signals", "naïve", '{"é":1}').size_bytes == len(b"signals") + len("naïve".encode()) + len(
        '{"é":1}'.encode()
    )


def test_the_number_of_members_is_limited_where_sizes_differ_too():
    groups = group([90, *[1] * 12], capacity=100, most=3)
    assert [len(members) for members in groups] == [3, 3, 3, 3, 1]


def test_the_largest_are_placed_first_because_that_needs_fewer_groups():
    assert group([4, 4, 4, 6, 6, 6], capacity=10) == [[0, 3], [1, 4], [2, 5]]
