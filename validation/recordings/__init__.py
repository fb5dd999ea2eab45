"""Questions to a recording before anything is stored."""
