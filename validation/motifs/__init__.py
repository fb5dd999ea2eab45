"""What recalls a spike, and what a memory can do without."""
