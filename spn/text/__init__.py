"""Source text and what is said about it: positions, problems, and reading YAML with a position for every node."""
