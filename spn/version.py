"""The version of spn, for the package, the command line and the provenance of results."""

__version__ = "0.1.0"
