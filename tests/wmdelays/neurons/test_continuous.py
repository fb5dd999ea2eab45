"""Models of one's own: what is understood, and the line in which the rest is refused."""

import numpy as np
import pytest

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.files.memory_file import write_memory
from wmdelays.neurons import ContinuousNeuron, Neurons, Parameter
from wmdelays.training.continuous.recall import recall

TAU = Parameter("tau", "ms", 10.0, "time constant", 0, inclusive=False)
S = "\nds/dt = -s / (5*ms) : volt"


def own(**changed):
    parts = dict(
        name="own",
        help="a model of one's own",
        parameters=(TAU, Parameter("theta", "mV", -50.0, "threshold")),
        equations="dv/dt = (-70*mV - v + s) / tau : volt" + S,
        threshold="v >= theta",
        reset="v = -70*mV",
        rest={"v": "-70*mV", "s": "0*mV"},
        excitatory="s",
        inhibitory="s",
        weight_unit="mV",
        method="euler",
        timescale="tau",
    )
    return ContinuousNeuron(**parts | changed)


def first_spikes(model):
    """The spikes of a neuron that one arrival moves."""
    memory = Memory(
        n_neurons=2,
        n_delays=1,
        step=1e-3,
        beta=None,
        theta=None,
        pre=[0],
        post=[1],
        delay=[1],
        weight=[300.0],
        neurons=Neurons(model, 2),
    )
    return recall(memory, Cue(Raster([0], [0.0], 2, 0.02), 1e-4, clamp=1)).own


def test_a_model_of_ones_own_recalls():
    assert len(first_spikes(own())) > 3


@pytest.mark.parametrize(
    "changed",
    [
        dict(equations="dv/dt = (-0.07*volt - v + s) / tau : volt\nds/dt = -s / (5000*us) : volt"),
        dict(equations="dv/dt = (-70*mV - v + s) / tau : volt\nds/dt = -200*Hz * s : volt"),
        dict(equations="dv/dt = (below + s) / tau : volt" + S + "\nbelow = -70*mV - v : volt"),
        dict(threshold="v >= -50*mV"),
        dict(threshold="v >= -0.05*volt", reset="v -= 1*mV; v = -70*mV"),
        dict(bound="-50*mV"),
        dict(equations="# leak\ndv/dt = (-70*mV - v + s) / tau : volt  # and synapses" + S),
    ],
)
def test_what_is_written_in_another_way_means_the_same(changed):
    assert first_spikes(own(**changed)) == first_spikes(own())


def test_states_may_have_the_names_that_generated_code_has():
    """And h, which is a gate of Hodgkin and Huxley's."""
    names = ("x", "c", "y", "k0", "k1", "new0", "common0", "h")
    more = "".join(f"\nd{one}/dt = (v - {one}) / tau : volt" for one in names)
    total = " + ".join(names)
    rest = {"v": "-70*mV", "s": "0*mV"} | dict.fromkeys(names, "-70*mV")
    same = own(
        equations=f"dv/dt = (-70*mV - v + s + 0.1*(({total})/8 + 70*mV)) / tau : volt" + S + more,
        rest=rest,
    )
    plain = own(
        equations="dv/dt = (-70*mV - v + s + 0.1*(a + 70*mV)) / tau : volt"
        + S
        + "\nda/dt = (v - a) / tau : volt",
        rest={"v": "-70*mV", "s": "0*mV", "a": "-70*mV"},
    )
    assert first_spikes(same) == first_spikes(plain) != first_spikes(own())


NOT_UNDERSTOOD = {
    "own, dv/dt: 'foo' is neither a state nor a parameter": dict(
        equations="dv/dt = (foo - v + s) / tau : volt" + S
    ),
    "own, dv/dt: 't' is neither a state nor a parameter": dict(
        equations="dv/dt = (sin(t/ms)*mV - v + s) / tau : volt" + S
    ),
    "own, dv/dt: 'xi' is neither a state nor a parameter": dict(
        equations="dv/dt = (-v + s) / tau + mV * xi / ms**0.5 : volt" + S
    ),
    "own, dv/dt: '(- v + s / tau' cannot be understood": dict(
        equations="dv/dt = (- v + s / tau : volt" + S
    ),
    "own, dv/dt: 'v > 3 * mV' cannot be understood": dict(
        equations="dv/dt = (-v + s) / tau * (v > 3*mV) : volt" + S
    ),
    "own, dv/dt: 'clip(s)' cannot be understood": dict(
        equations="dv/dt = (-v + clip(s)) / tau : volt" + S
    ),
    "own, dv/dt: '(-v + s / (1 - 1)) / tau' has no value": dict(
        equations="dv/dt = (-v + s / (1 - 1)) / tau : volt" + S
    ),
    "own: 'I : amp' is no equation": dict(
        equations="dv/dt = (-v + s) / tau : volt" + S + "\nI : amp"
    ),
    "own: the equations define a name twice": dict(
        equations="dv/dt = (-v + s) / tau : volt" + S + "\ndv/dt = -v / tau : volt"
    ),
    "own, b: 'a' is neither a state nor a parameter": dict(
        equations="a = b : volt\nb = a : volt\ndv/dt = (-v + s + a) / tau : volt" + S
    ),
    "own: the equations are not linear, so they have no exact integration": dict(
        equations="dv/dt = (-v * v / mV + s) / tau : volt" + S, method="exact"
    ),
    "own: dv/dt is not linear in v; take the method euler": dict(
        equations="dv/dt = (-v * v / mV + s) / tau : volt" + S, method="exponential_euler"
    ),
    "own: 'a' follows 'v', which is held while the neuron is refractory; take the method": dict(
        equations="dv/dt = (-v + s) / tau : volt (unless refractory)"
        + S
        + "\nda/dt = (v - a) / tau : volt",
        rest={"v": "0*mV", "s": "0*mV", "a": "0*mV"},
        method="exact",
    ),
    "own: arrivals move 's', which is held while the neuron is refractory": dict(
        equations="dv/dt = (-v + s) / tau : volt\nds/dt = -s / (5*ms) : volt (unless refractory)"
    ),
    "own: the threshold is '-v <= 50*mV'; it has to be of the form v >= v_peak": dict(
        threshold="-v <= 50*mV"
    ),
    "own: the threshold depends on a state": dict(threshold="v >= s"),
    "own, bound: 'foo' is neither": dict(bound="foo"),
    "own, timescale: 'foo' is neither": dict(timescale="foo"),
    "own, v at rest: 'foo' is neither": dict(rest={"v": "foo", "s": "0*mV"}),
    "own: rest needs a value for each of v, s": dict(rest={"v": "0*mV"}),
    "own, reset: 'v := 3' is no statement": dict(reset="v := 3"),
    "own, reset: 'print(v)' sets no state": dict(reset="print(v)"),
    "own, reset: 'u = 3' sets 'u', which is no state": dict(reset="u = 3"),
    "own: the reset sets 'tau', which is no state": dict(reset="tau = 3*ms"),
    "own: 's' is taken; give it another name": dict(
        parameters=(TAU, Parameter("s", "mV", 1.0, "the name of a state"))
    ),
    "own: 'forced' is taken; give it another name": dict(
        parameters=(TAU, Parameter("theta", "mV", -50.0, ""), Parameter("forced", "mV", 1.0, ""))
    ),
    "own: excitatory is 'g', not one of v, s": dict(excitatory="g"),
    "own: membrane is 'u', not one of v, s": dict(threshold="u >= theta"),
    "own: the method is 'rk4'; it has to be exact, exponential_euler, euler": dict(method="rk4"),
    "own: there is no unit 'nA' for weights": dict(weight_unit="nA"),
    "own: there is no parameter 't_ref'": dict(refractory="t_ref"),
    "own has no equations of the form dv/dt = ... : volt": dict(equations="v = 3 : volt"),
}


@pytest.mark.parametrize("line", NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_one_line(line):
    with pytest.raises(InputError) as refused:
        Neurons(own(**NOT_UNDERSTOOD[line]), 2)
    assert str(refused.value).startswith(line) and "\n" not in str(refused.value)


def test_what_python_could_run_is_not_run(tmp_path):
    target = tmp_path / "run"
    for part in ("equations", "threshold", "reset", "timescale"):
        code = f"__import__('pathlib').Path({str(target)!r}).touch()"
        text = {
            "equations": f"dv/dt = {code} : volt" + S,
            "threshold": f"v >= {code}",
            "reset": f"v = {code}",
            "timescale": code,
        }[part]
        with pytest.raises(InputError):
            Neurons(own(**{part: text}), 2)
    assert not target.exists()


def test_no_file_holds_a_model_of_ones_own(tmp_path):
    memory = Memory(
        n_neurons=2,
        n_delays=1,
        step=1e-3,
        beta=None,
        theta=None,
        **dict.fromkeys(("pre", "post", "delay"), np.empty(0, int)),
        weight=[],
        neurons=Neurons(own(), 2),
    )
    with pytest.raises(
        InputError, match="the neurons are own, a model of one's own, which no file"
    ):
        write_memory(tmp_path / "m.h5", memory)
    assert list(tmp_path.iterdir()) == []
