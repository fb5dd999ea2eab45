"""The page on neurons says of models what they are."""

import pytest
from page_blocks import ROOT

from wmdelays.neurons import NEURONS

PAGE = (ROOT / "docs" / "background" / "neurons.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


@pytest.mark.parametrize("name", NEURONS)
def test_the_page_has_every_parameter_with_its_unit_default_and_bound(name):
    for one in NEURONS[name].parameters:
        bound = "" if one.low is None else f"{'at least' if one.inclusive else 'above'} {one.low:g}"
        unit = "" if one.unit == "1" else one.unit
        assert [f"`{one.name}`", unit, f"{one.default:g}", bound, one.help] in ROWS


@pytest.mark.parametrize(
    "name, columns",
    [
        ("adex", ["c", "g_l", "e_l", "v_t", "a", "tau_w", "b", "v_r"]),
        ("izhikevich", ["a", "b", "v_r", "d"]),
    ],
)
def test_the_page_has_every_preset_with_its_values(name, columns):
    model = NEURONS[name]
    default = {one.name: one.default for one in model.parameters}
    for preset, values in model.presets.items():
        assert values.keys() <= {*columns, "delta_t"} and values.get("delta_t", 2) == 2
        shown = [f"{values.get(column, default[column]):.4g}" for column in columns]
        assert [f"`{preset}`", *shown] in ROWS


def test_the_page_has_every_model_with_its_unit_of_weights_and_its_integrator():
    methods = {"exact": "exact", "exponential_euler": "exponential Euler", "euler": "Euler"}
    for name, model in NEURONS.items():
        (row,) = [one for one in ROWS if one[0] == f"`{name}`" and len(one) == 5]
        unit = "none" if model.weight_unit == "1" else model.weight_unit
        assert row[3:] == [unit, methods[model.method]]
