"""What an export holds, in sentences."""
