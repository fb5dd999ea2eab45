"""Ways of finding weights."""
