"""Plots: what they show as data in `types`, how it is drawn in `render`. No results are read here, and only what draws loads matplotlib."""
