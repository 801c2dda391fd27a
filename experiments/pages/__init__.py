"""docs/thesis.md from the shipped studies: simulates what is missing, computes the answers, draws the pictures."""
