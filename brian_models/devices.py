"""Which device to take."""

DEVICES = {"numpy": ".runtime", "cython": ".runtime", "cpp_standalone": ".standalone"}
