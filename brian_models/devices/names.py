"""The devices on which Brian2 runs."""

# The module that simulates on each device.
DEVICES = {
    "numpy": "wmdelays.brian_models.memories.runtime",
    "cython": "wmdelays.brian_models.memories.runtime",
    "cpp_standalone": "wmdelays.brian_models.memories.standalone",
}
