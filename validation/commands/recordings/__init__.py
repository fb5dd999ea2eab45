"""Commands that ask something of a recording and its trials."""
