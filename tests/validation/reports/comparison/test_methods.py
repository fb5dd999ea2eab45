"""The paragraph of methods that a report has for a paper."""

from comparisons import build

from wmdelays.validation.reports.comparison.methods import methods


def test_the_paragraph_has_sizes_seeds_versions_and_the_outcome():
    one = build(
        made={
            "rule": "margin",
            "seed": 7,
            "versions": {"wmdelays": "0.1.0"},
            "binning": [{"pattern": 0, "start_s": 900.0}, {"pattern": 1, "start_s": 912.5}],
        }
    )
    text, references = methods(one)
    n = one.simulations["torch"].scores.total.stored
    for words in (
        "2 spike patterns of 0.06 s",
        "from 900 s, 912.5 s of the recording on",
        "with wmdelays 0.1.0, by the rule margin, seed 7.",
        "40 synapses with delays of 1 to 10 steps of 1 ms",
        "Brian2 (numpy, dt = 0.1 ms)",
        f"Of {n:,} stored spikes {n:,} were recalled, and no other (F1 = 1.0000)",
    ):
        assert words in text, text
    assert [
        "2604.14096" in references[0],
        "PyTorch" in references[1],
        "eLife" in references[2],
    ] == [True] * 3


def test_what_differs_is_not_called_the_same():
    text, references = methods(build(lost=[1], simulators=("compiled", "brian2")))
    assert "the simulators differed" in text and "and no other" in text
    assert "Numba" in references[1] and not any("PyTorch" in one for one in references)
