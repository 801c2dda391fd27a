"""Sweeps: a study file's points simulated over one pool of workers, with results that are kept. Prints nothing."""
