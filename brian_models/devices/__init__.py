"""How Brian2 runs anything: devices, their programs and processes."""
