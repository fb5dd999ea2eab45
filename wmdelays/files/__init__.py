"""Reading and writing: files are checked before anything is built of them, and never half-written."""
