"""Figures of the reference: its published scan, and its curves of robustness."""

# What stays as it is while one parameter moves.
SETTING = {"neurons": 1024, "steps": 1000, "patterns": 16, "rate": 1e-3, "delays": 41}

# Loss, 1 - F1, after 16 epochs (arXiv 2604.14096).
PUBLISHED = {
    "patterns": {1: 0.997, 3: 0.998, 5: 0.998, 8: 0.0006, 13: 0, 17: 0.0001, 22: 0.0003}
    | {27: 0.019, 30: 0.070},
    "steps": {100: 0.997, 176: 0.998, 310: 0.998, 412: 0.997, 547: 0.0005, 965: 0.00007}
    | {1701: 0.022, 2259: 0.528, 3000: 0.968},
    "delays": {1: 1.0, 5: 1.0, 10: 0.995, 15: 0.961, 20: 0.785, 25: 0.110, 30: 0.0003}
    | {40: 0.00006, 55: 0},
    "neurons": {92: 1.0, 125: 1.0, 170: 1.0, 232: 0.990, 316: 0.949, 430: 0.801, 584: 0.175}
    | {795: 0.0002, 2000: 0.00003},
    "rate": {0.0002: 0.233, 0.000317: 0.052, 0.000502: 0.0001, 0.00126: 0.00003}
    | {0.001996: 0.00006, 0.003162: 0.994, 0.00501: 0.990, 0.012574: 0.975, 0.05: 0.92},
}

# F1 of the reference's code with its analytic weights, for these numbers of neurons, delays and
# patterns.
REFERENCE_SIZE = 1024, 41, 16

REFERENCE = {
    "replaced": {0.25: 0.9999, 0.5: 0.9999, 0.75: 0.216},
    "duration": {30: 0.9999, 20: 0.969, 10: 0.001},
    "silenced": {256: 0.9999, 512: 0.967, 768: 0.315},
}
