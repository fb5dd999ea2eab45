"""Trials, and the csv files that name them."""

import numpy as np
import pytest

from wmdelays import InputError, Trials, read_trials
from wmdelays.files.trials import write_trials


def written(tmp_path, text):
    path = tmp_path / "laps.csv"
    path.write_text(text)
    return path


def test_columns_stand_in_any_order_and_further_ones_are_kept(tmp_path):
    path = written(tmp_path, "reward,stop_s, name ,start_s\n1.5,3,out,1\n\n7.25,8.5,back,6\n")
    trials = read_trials(path)
    assert trials.names == ("out", "back")
    assert (trials.starts.tolist(), trials.stops.tolist()) == ([1, 6], [3, 8.5])
    assert trials.events("reward").tolist() == [1.5, 7.25]
    assert trials.durations.tolist() == [2, 2.5]


def test_trials_without_names_are_numbered_as_patterns_are(tmp_path):
    assert read_trials(written(tmp_path, "start_s,stop_s\n1,2\n3,4\n")).names == ("0", "1")


@pytest.mark.parametrize(
    "text, said",
    [
        (
            "begin,stop\n1,2\n",
            "has no column start_s; its first line has to name start_s and stop_s",
        ),
        ("start_s,start_s,stop_s\n1,1,2\n", "has the column 'start_s' twice"),
        ("start_s,stop_s,end\n1,2,2\n", "has the column 'stop_s' twice"),
        ("start_s,stop_s\n", "holds no trials"),
        ("start_s,stop_s\n1,2\n3\n", "line 3 has 1 cell, the header 2"),
        ("start_s,stop_s\n1,2\n3,1_0\n", "line 3: stop_s is '1_0', not a time in seconds"),
        ("start_s,stop_s\n1,2\n3,nan\n", "trial 1 has no finite start and stop"),
        ("start_s,stop_s\n-1,2\n", "trial 0 starts at -1 s; recordings start at 0"),
        (
            "name,start_s,stop_s\nlap,1,2\nlap,3,3\n",
            "trial lap (number 1) stops at 3 s, which is not after its start at 3 s",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_that_names_it(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_trials(path)
    assert str(error.value).startswith(f"{path}: ") and said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="none.csv: there is no such file"):
        read_trials(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "values, said",
    [
        ([1.5], "1 values for 2 trials"),
        ([1.5, 5.0], "trial b has 5.0 as bell; it has to be a time between its start and stop, 6"),
        ([1.5, ""], "trial b has '' as bell"),
        ([1.5, float("nan")], "trial b has nan as bell"),
    ],
)
def test_an_event_lies_inside_its_trial(values, said):
    with pytest.raises(InputError, match=said):
        Trials([1, 6], [3, 8], ["a", "b"], {"bell": values}).events("bell")


def test_an_event_that_no_column_has_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="no column 'bell'; there is x, y"):
        Trials([1], [3], columns={"x": [1], "y": [2]}).events("bell")


def test_trials_that_share_a_stretch_are_found_whatever_their_order():
    assert Trials([5, 0, 2], [6, 2, 5]).overlapping() is None
    assert Trials([5, 0, 2], [6, 2.5, 5]).overlapping() == (1, 2)
    assert Trials([5, 0, 2], [7, 1, 6]).overlapping() == (2, 0)


def test_what_is_written_is_read_back_and_takes_no_other_files_place(tmp_path):
    trials = Trials([0.1, 1 / 3], [0.2, 2.5], ["a", 'b, "c"'], {"side": ["left", "right"]})
    for _ in range(2):
        write_trials(tmp_path / "t.csv", trials)
    read = read_trials(tmp_path / "t.csv")
    assert np.array_equal(read.starts, trials.starts) and np.array_equal(read.stops, trials.stops)
    assert (read.names, read.columns) == (trials.names, trials.columns)
    (tmp_path / "cells.csv").write_text("unit,time_s\n0,1.5\n")
    with pytest.raises(InputError, match="holds a recording and is no file of trials"):
        write_trials(tmp_path / "cells.csv", trials)


def test_a_choice_of_trials_keeps_what_is_known_of_them():
    some = Trials([1, 4, 6], [3, 5, 8], ["a", "b", "c"], {"x": [7, 8, 9]}).chosen([2, 0])
    assert (some.names, some.starts.tolist(), some.columns) == (("c", "a"), [6, 1], {"x": (9, 7)})


@pytest.mark.parametrize(
    "header, factor",
    [
        ("start,stop,name", 1),
        ("start_time,stop_time,name", 1),
        ("Start,End,name", 1),
        ("start_ms,stop_ms,name", 1000),
        ("start_time_ms,end_s,name", None),
    ],
)
def test_columns_may_be_called_as_labs_call_them(tmp_path, header, factor):
    ends = (2500, 4.0) if factor is None else (2.5 * factor, 4.0 * factor)
    (tmp_path / "laps.csv").write_text(f"{header}\n{ends[0]},{ends[1]},out\n")
    trials = read_trials(tmp_path / "laps.csv")
    assert (trials.starts.tolist(), trials.stops.tolist()) == ([2.5], [4.0])
    assert trials.names == ("out",) and not trials.columns
