"""What an arrival at a synapse does over time, in the terms of equations."""

from dataclasses import dataclass

from wmdelays.neurons.model import Parameter


@dataclass(frozen=True)
class SynapseModel:
    """How what arrives at a synapse becomes a current into the membrane.

    Attributes
    ----------
    equations : str
        Of the states of the synapses. ``i_syn`` is the current into the membrane.
    excitatory, inhibitory : str
        The states that arrivals of positive and negative weights move.
    states : tuple of str
        All states; they are zero at rest.
    parameters : tuple of Parameter
    unit : str
        Of weights.
    """

    equations: str
    excitatory: str
    inhibitory: str
    states: tuple
    parameters: tuple
    unit: str

    @property
    def rest(self):
        """The value of each state at rest."""
        return dict.fromkeys(self.states, "0" if self.unit == "1" else f"0 * {self.unit}")


def currents(unit="pA"):
    """Currents that jump and decay: ``i_syn`` is w exp(-t / tau_s) after an arrival of weight w."""
    return SynapseModel(
        f"di_syn/dt = -i_syn / tau_s : {_BRIAN2[unit]}",
        "i_syn",
        "i_syn",
        ("i_syn",),
        (Parameter("tau_s", "ms", 5.0, "time constant of synaptic currents", 0, inclusive=False),),
        unit,
    )


def alpha_currents(unit="pA"):
    """Currents that rise and decay: ``i_syn`` is w (t / tau_s) exp(-t / tau_s) after an arrival.

    W. Rall, Distinguishing theoretical synaptic potentials computed for different soma-dendritic
    distributions of synaptic input, J. Neurophysiol. 30 (1967).
    """
    return SynapseModel(
        f"di_syn/dt = (rise - i_syn) / tau_s : {_BRIAN2[unit]}\n"
        f"drise/dt = -rise / tau_s : {_BRIAN2[unit]}",
        "rise",
        "rise",
        ("i_syn", "rise"),
        (Parameter("tau_s", "ms", 5.0, "time constant of synaptic currents", 0, inclusive=False),),
        unit,
    )


def conductances(unit="nS"):
    """Conductances that jump and decay, with the driving force of their reversal potentials."""
    return SynapseModel(
        "i_syn = g_e * (e_e - v) + g_i * (e_i - v)"
        f" : {_BRIAN2['pA' if unit == 'nS' else 'mV']}\n"
        f"dg_e/dt = -g_e / tau_e : {_BRIAN2[unit]}\n"
        f"dg_i/dt = -g_i / tau_i : {_BRIAN2[unit]}",
        "g_e",
        "g_i",
        ("g_e", "g_i"),
        (
            Parameter("tau_e", "ms", 5.0, "time constant of excitation", 0, inclusive=False),
            Parameter("tau_i", "ms", 10.0, "time constant of inhibition", 0, inclusive=False),
            Parameter("e_e", "mV", 0.0, "reversal potential of excitation"),
            Parameter("e_i", "mV", -80.0, "reversal potential of inhibition"),
        ),
        unit,
    )


# The dimension of a unit in Brian2's equations.
_BRIAN2 = {"1": "1", "mV": "volt", "nS": "siemens", "pA": "amp"}
