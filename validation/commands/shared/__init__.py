"""What several commands share: options, what they print, a memory in the terminal."""
