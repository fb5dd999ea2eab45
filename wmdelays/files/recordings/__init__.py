"""Recordings in the formats of labs: each file of this room reads one family of them."""
