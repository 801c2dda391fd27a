"""The net: its types, how a model becomes one, and its text form. Simulation and estimation are elsewhere."""
