"""The rules `hebbian` and `pseudo-inverse`, whose weights are formulas."""
