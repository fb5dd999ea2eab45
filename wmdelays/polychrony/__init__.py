"""Networks with delays, their activity and their polychronous groups, as data."""
