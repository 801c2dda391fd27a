"""The net: what machines read. Its types, its text form and digest, the names of its indices. How it comes from a model is in `spn.resolver`."""
