"""Commands about what was made elsewhere."""
