"""The devices on which Brian2 runs."""

CUDA = "cuda_standalone"
# The module that simulates on each device.
DEVICES = {
    "numpy": "wmdelays.brian_models.memories.runtime",
    "cython": "wmdelays.brian_models.memories.runtime",
    "cpp_standalone": "wmdelays.brian_models.memories.standalone",
    CUDA: "wmdelays.brian_models.memories.cuda",
}
# Those that go on with a network where they left it, as that of Izhikevich needs.
IN_STRETCHES = tuple(name for name in DEVICES if name != CUDA)
