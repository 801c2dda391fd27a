"""The model: what people write. Types, and reading them from files; what they mean is in `spn.net`."""
