"""Networks of neurons in continuous time, compiled: the learning loop and the closed loop."""
