"""The margin rule of precisely timed spikes, for neurons in continuous time."""
