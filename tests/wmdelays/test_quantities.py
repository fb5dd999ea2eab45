"""Times as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmdelays import InputError
from wmdelays.quantities import (
    LARGEST,
    LARGEST_SEED,
    checked_seed,
    seconds,
    substeps,
    whole,
    whole_seconds,
)


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("1ms", 1e-3), ("0.1 ms", 1e-4), ("1/30s", 1 / 30), ("1 / 30 s", 1 / 30), (" 2s ", 2.0),
        ("250us", 250e-6), (".5ms", 5e-4), ("1e-3s", 1e-3), ("1000/30ms", 1 / 30), ("0s", 0.0),
    ],
)  # fmt: skip
def test_a_number_or_a_fraction_with_a_unit_is_a_time(text, wanted):
    assert seconds(text) == pytest.approx(wanted, rel=1e-15)


@given(st.floats(0, 1e15), st.sampled_from([("s", 1.0), ("ms", 1e-3), ("us", 1e-6)]))
def test_every_number_python_writes_is_read(value, unit):
    assert seconds(f"{value!r} {unit[0]}") == value * unit[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "ms",
        "1 m",
        "1min",
        "1/0s",
        "1/0.0ms",
        "nan s",
        "inf s",
        "1,5ms",
        "1ms2",
        "1e999s",
        "a\nb",
        "1//2s",
        "-1ms",
        "1e300s",
        "1" * 5000 + "s",
    ],
)
def test_anything_else_is_refused_by_name_in_one_line(text):
    with pytest.raises(InputError) as refused:
        seconds(text, "bin")
    assert str(refused.value).startswith("bin ") and "\n" not in str(refused.value)


@given(st.integers(0, 10**6))
def test_whole_seconds_may_stand_in_any_unit(n):
    assert whole_seconds(f"{n}s") == whole_seconds(f"{1000 * n}ms") == n


@pytest.mark.parametrize(
    "text, words", [("1.5s", "not a whole number"), ("0s", "at least 1s"), ("1", "not a time")]
)
def test_other_times_than_whole_seconds_are_refused(text, words):
    with pytest.raises(InputError, match=f"--every '{text}' is .*{words}"):
        whole_seconds(text, "--every", 1)


@given(st.text(max_size=10))
def test_any_text_is_a_time_or_refused(text):
    try:
        assert math.isfinite(seconds(text))
    except InputError:
        pass


@given(st.sampled_from([1e-3, 1 / 30, 1e-4, 0.37e-3]), st.integers(1, 5000))
def test_a_dt_that_divides_the_step_gives_the_number(step, n):
    assert substeps(step, step / n) == n
    assert substeps(step, float(f"{step / n:.6g}")) == n


@given(st.sampled_from([1e-3, 1 / 30]), st.floats(1e-6, 1.0))
def test_another_dt_is_refused_and_the_next_ones_are_named(step, dt):
    try:
        n = substeps(step, dt)
    except InputError as error:
        for option in str(error).rpartition("try ")[2].split(" or "):
            substeps(step, seconds(option))
    else:
        assert n * dt == pytest.approx(step, rel=2e-4)


@pytest.mark.parametrize("dt", [0.0, -1e-4, math.nan, math.inf, 2e-3, 0.3e-3, 5e-324])
def test_a_dt_that_does_not_divide_the_step_is_refused(dt):
    with pytest.raises(InputError, match="dt"):
        substeps(1e-3, dt)


@pytest.mark.parametrize("text", ["0s", "1e-320ms", "1e-300s", "1e-999ms"])
def test_a_length_of_nothing_is_refused(text):
    assert seconds(text) == pytest.approx(0, abs=1e-15)
    with pytest.raises(InputError, match="^bin .* greater than zero$"):
        seconds(text, "bin", above_zero=True)


@pytest.mark.parametrize("value", [1, 7.0, LARGEST])
def test_whole_numbers_are_let_through(value):
    assert whole("draws", value, 1) == value


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, math.inf, -math.inf, math.nan, 1e300, 1e-320, LARGEST + 1, 10**400]
)
def test_what_is_no_whole_number_within_bounds_is_refused_in_a_short_line(value):
    with pytest.raises(InputError, match="^draws is .* whole number ") as refused:
        whole("draws", value, 1)
    assert len(str(refused.value)) < 200


def test_a_seed_is_as_large_as_every_library_takes():
    assert checked_seed(LARGEST_SEED) == LARGEST_SEED
    for seed in (-1, LARGEST_SEED + 1):
        with pytest.raises(InputError, match="^seed is "):
            checked_seed(seed)
