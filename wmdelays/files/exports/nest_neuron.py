"""NEST's iaf_psc_delta: when it is the neuron of eq. 1.

Its membrane decays to E_L, what arrives is added to it, and at V_th it is set to V_reset for t_ref, on
a grid of time steps h. With V_reset = E_L, no pause and no current this is eq. 1, with beta =
exp(-h / tau_m) and theta = V_th - E_L.
"""

from __future__ import annotations

import math

from wmdelays.errors import InputError
from wmdelays.words import printable

# In ms, mV, pF and pA; NEST 3.
_DEFAULTS = {
    "E_L": -70.0,
    "V_reset": -70.0,
    "V_m": -70.0,
    "V_th": -55.0,
    "tau_m": 10.0,
    "t_ref": 2.0,
    "I_e": 0.0,
}
# Without a current and a pause these change nothing.
_IDLE = ("C_m", "refractory_input")
_LOWEST = -1e300
# The rounding of exp and log.
_ROUNDING = 1e-12


def beta_and_theta(given: dict, dt: float, said: str | None = None) -> tuple[float, float]:
    """What eq. 1 has for the parameters of a neuron.

    Parameters
    ----------
    given : dict
        Those that are no defaults.
    dt : float
        The time step in milliseconds.
    said : str, optional
        What the table of types says beta is, which tau_m has rounded.

    Raises
    ------
    InputError
        If the neuron is none of eq. 1; the line says why.
    """
    given = {name: value for name, value in given.items() if not _unbounded(name, value)}
    for name, value in given.items():
        if name not in (*_DEFAULTS, *_IDLE):
            raise InputError(
                f"has neurons with the parameter {printable(name)}, which is not mapped"
            )
        if name in _DEFAULTS and (type(value) not in (int, float) or not math.isfinite(value)):
            raise InputError(f"has neurons with {name} {printable(value)}, not a number")
    p = {**_DEFAULTS, **given}
    for name, wanted, why in (
        ("t_ref", 0, "a pause after each spike, which eq. 1 has not"),
        ("I_e", 0, "a current, which eq. 1 has not"),
        ("V_reset", p["E_L"], "a reset to another value than E_L, which is 0 in eq. 1"),
        ("V_m", p["E_L"], "a membrane that does not begin at E_L, which is 0 in eq. 1"),
    ):
        if p[name] != wanted:
            default = "" if name in given else " (by default)"
            raise InputError(f"has neurons with {name} {p[name]:g}{default}: {why}")
    if not p["tau_m"] > 0:
        raise InputError(f"has neurons with tau_m {p['tau_m']:g} ms")
    beta = math.exp(-dt / p["tau_m"])
    if said is not None:
        try:
            exact = float(said)
        except ValueError:
            exact = math.nan
        if not abs(exact - beta) <= _ROUNDING:
            raise InputError(
                f"has neurons with beta {printable(said[:40])} in the table of types, and tau_m"
                f" {p['tau_m']:g} ms, which makes {beta:.6g}"
            )
        beta = exact
    return beta, p["V_th"] - p["E_L"]


def _unbounded(name, value):
    """Whether this is the lower bound of membranes that NEST has where there is none."""
    return name == "V_min" and type(value) is float and value <= _LOWEST
