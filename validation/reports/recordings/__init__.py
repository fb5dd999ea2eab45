"""Reports of what was asked of a recording and its trials."""
