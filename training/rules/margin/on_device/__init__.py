"""The rule `margin` by operators of torch, on a device such as a GPU, for many blocks of neurons at once."""
