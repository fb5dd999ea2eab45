"""Recalls by the simulator that the user names."""

from wmdelays.brian_models.devices.names import DEVICES
from wmdelays.errors import InputError
from wmdelays.quantities import substeps


def check_simulator(simulator, memory, dt=None, device="auto"):
    """Check settings of a simulator before any work.

    Parameters
    ----------
    simulator : {"torch", "brian2"}
    memory : Memory
    dt : float, optional
        Time step of Brian2 in seconds; by default a tenth of the memory's.
    device : str
        Where Brian2 runs, or "auto".

    Returns
    -------
    int or None
        Steps of Brian2 in a step of the memory; None for torch.

    Raises
    ------
    InputError
        If the simulator or the device is unknown, or dt does not divide the step.
    """
    if simulator not in ("torch", "brian2"):
        raise InputError(f"there is no simulator {simulator!r}; there are torch and brian2")
    if device not in ("auto", *DEVICES):
        raise InputError(f"there is no device {device!r}; there is auto, {', '.join(DEVICES)}")
    n_substeps = 10 if dt is None else substeps(memory.step, dt)
    return n_substeps if simulator == "brian2" else None


def recall_by(simulator, memory, cues, n_substeps=None, device="auto", progress=None):
    """The recalls of cues by torch or by Brian2.

    Parameters
    ----------
    simulator : {"torch", "brian2"}
    memory : Memory
    cues : sequence of Cue
    n_substeps : int, optional
        Steps of Brian2 in a step of the memory; 10 by default.
    device : str
        Where Brian2 runs, or "auto".
    progress : callable, optional
        See `wmdelays.brian_models.recall`.

    Returns
    -------
    list of Recall
    """
    if simulator == "torch":
        from wmdelays.training.discrete.compiled import recall

        return recall(memory, cues)
    from wmdelays.brian_models import choose_device, recall

    dt = memory.step / (n_substeps or 10)
    if device == "auto":
        device = choose_device(memory, cues, dt)
    return recall(memory, cues, dt=dt, device=device, progress=progress)
