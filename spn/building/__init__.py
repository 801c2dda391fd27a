"""Models built and changed in Python: the same language with the same checks, written as YAML, and saved with the file's comments kept.

`model` has the model itself, `parts` what it is made of, `writing` gives YAML text, `changing` edits a text where values differ,
`finding` tells where in a model built in code a problem is. What models mean is in `spn.resolver`.
"""

from spn.building.model import Model, StaleFileError
from spn.building.parts import Instance, Measure, Parameter, Place, RareEvent, Transition

__all__ = ["Instance", "Measure", "Model", "Parameter", "Place", "RareEvent", "StaleFileError", "Transition"]
