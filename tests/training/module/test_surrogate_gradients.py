"""Surrogate gradients."""

import pytest
import torch

from wmdelays.training.module.surrogate_gradients import (
    SURROGATE_GRADIENTS,
    fast_sigmoid,
    triangle,
)


@pytest.mark.parametrize("surrogate", SURROGATE_GRADIENTS.values())
def test_peak_is_one_at_threshold_and_both_sides_are_equal(surrogate):
    distance = torch.arange(-1000, 1001, dtype=torch.float64) / 1000
    slope = surrogate(distance, 15.0)
    assert slope.argmax() == 1000 and slope[1000] == 1
    assert torch.allclose(slope, slope.flip(0))


def test_triangle_has_the_area_of_the_fast_sigmoid():
    distance = torch.linspace(-1000, 1000, 4_000_001, dtype=torch.float64)
    areas = [torch.trapezoid(f(distance, 4.0), distance) for f in (fast_sigmoid, triangle)]
    assert areas[1] == pytest.approx(2 / 4, rel=1e-6)
    assert areas[0] == pytest.approx(areas[1].item(), rel=1e-3)


def test_only_the_triangle_ends():
    far = torch.tensor([2 / 15 + 1e-9, -2 / 15 - 1e-9, 5.0], dtype=torch.float64)
    assert (triangle(far, 15.0) == 0).all()
    assert (fast_sigmoid(far, 15.0) > 0).all()


def test_the_membrane_is_left_as_it_was():
    distance = torch.tensor([-0.1, 0.2])
    for surrogate in SURROGATE_GRADIENTS.values():
        surrogate(distance, 2.0)
        assert distance.tolist() == pytest.approx([-0.1, 0.2])
