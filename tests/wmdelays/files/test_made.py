"""What a memory says of how it was made, changed by others."""

import json

import pytest

from wmdelays.files.memory_file import read_memory


def said(name, text):
    def work(file):
        file["wmdelays"].attrs[name] = text

    return work


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("reached", "[1, 2]", "Expected `object`, got `array`"),
        ("reached", '"1"', "Expected `object`, got `str`"),
        ("reached", '{"epochs": "1"}', "`$[...]`"),
        ("scores", '{"f1": %s}' % ("9" * 400), "`$[...]`"),
        ("scores", '{"f1": -%s}' % ("9" * 400), "`$[...]`"),
        ("scores", '{"f1": 1e400}', "Number out of range"),
        ("scores", '{"f1": NaN}', "is not JSON"),
        ("unpredictable", '{"empty": [1]}', "`$[...]`"),
        ("seed", "1.5", "Expected `int | null`"),
        ("seed", '"\\u001b[31m"', "Expected `int | null`"),
        ("rule", '["hebbian"]', "Expected `str`"),
        ("versions", '{"numpy": 2}', "Expected `str`"),
        ("history", '{"epoch": 1}', "Expected `array`"),
        ("source", "[]", "Expected `object`"),
        ("binning", '[{"pattern": 0}]', "missing required field"),
        ("anything", "[" * 60 + "]" * 60, "nested more than 50 deep"),
    ],
    ids=lambda value: value[:25],
)
def test_a_part_that_is_not_what_it_has_to_be_is_refused(changed, refusal, name, text, words):
    line = refusal(changed(said(name, text)))
    assert f"the attribute {name!r} " in line and words in line and line.isprintable()


def test_halves_of_characters_are_text_once_they_are_read(changed):
    text = r'{"inputs": ["caf\udce9.csv"], "\uD800": "a\\ud800", "face": "\ud83d\ude00"}'
    source = read_memory(changed(said("source", text))).made["source"]
    assert source == {
        "inputs": ["caf\\udce9.csv"], "\\ud800": "a\\ud800", "face": "\N{GRINNING FACE}"
    }  # fmt: skip
    # What is written of it again is UTF-8.
    json.dumps(source, ensure_ascii=False).encode()
