"""Published results beside those of a study that simulates them anew: the printed numbers, tables, and a verdict computed from both."""
