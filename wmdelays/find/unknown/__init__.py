"""Patterns that nobody stored: SPADE and CAD by elephant, and sequences by PPSeq."""
