"""Is it recalled? Comparisons, damaged cues, sequences of cues, periodic patterns."""
