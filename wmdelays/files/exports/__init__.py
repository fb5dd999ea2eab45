"""Memories as other programs take them: folders and files that are written whole, and read back."""
