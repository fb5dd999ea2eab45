"""What the software asks of the machine: memory, disk, folders for what it keeps, versions; how programs end."""
