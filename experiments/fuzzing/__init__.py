"""Coverage-guided fuzzing; not part of the tests, which hold its corpus."""
