"""Which errors say that memory could not be had: told without any library, so that it works without."""

import errno

# What a user is told then.
NO_MEMORY = (
    "this needs more memory than there is (ulimit -v, a container's limit, the machine's own); take"
    " fewer neurons, patterns or steps, or a shorter stretch"
)
# What libraries write where there is no memory for them, which have no error of their own for that:
# torch on several systems, HDF5, Python's threads, the loader of libraries, programs in C++.
_WORDS = (
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "unable to allocate",
    "failed to allocate",
    "allocation failed",
    "out of memory",
    "out of host memory",
    "std::bad_alloc",
    "can't start new thread",
    "failed to map segment from shared object",
    # Sizes beyond what can be counted, from NumPy and torch.
    "array is too big",
    "maximum allowed dimension exceeded",
    "storage size calculation overflowed",
)


def is_out_of_memory(error):
    """Whether an exception says that memory could not be had, in whichever library's words.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    bool
    """
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    return isinstance(error, Exception) and any(words in text for words in _WORDS)
