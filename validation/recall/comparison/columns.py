"""The table of the patterns of a comparison."""

from wmdelays.files.recording import pattern_label
from wmdelays.words import share, signed


def pattern_columns(comparison):
    """Titles of the table of patterns and what stands beneath."""
    shown = {name: one.shown for name, one in comparison.simulations.items()}
    columns = {"pattern": [pattern_label(comparison.memory, k) for k in comparison.patterns]}
    for name, one in comparison.simulations.items():
        columns[f"F1 {shown[name]}"] = [share(f1) for f1 in one.pattern_f1]
    times = comparison.simulations[comparison.reference].times
    if times is not None:
        columns["lag followed"] = [share(one.f1_lag_followed) for one in times.patterns]
        columns["tempo (%)"] = [signed(one.tempo_percent) for one in times.patterns]
        columns["lag at the end (ms)"] = [signed(one.lag_end_ms) for one in times.patterns]
        columns["lost"] = [f"{one.n_lost}" for one in times.patterns]
        columns["too many"] = [f"{one.n_too_many}" for one in times.patterns]
    for name, ones in comparison.agreements.items():
        # Which two are compared needs words where there are more of them.
        of = f" {shown[name]}" if len(shown) > 2 else ""
        columns[f"same{of}"] = [str(one.matched) for one in ones]
        if not of:
            columns[f"only {shown[comparison.reference]}"] = [str(one.only_first) for one in ones]
            columns[f"only {shown[name]}"] = [str(one.only_second) for one in ones]
        else:
            columns[f"differ{of}"] = [str(one.only_first + one.only_second) for one in ones]
    return columns
