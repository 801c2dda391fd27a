"""The model: what people write. Its types are in `types`, reading them from files in `read`; what they mean is in `spn.net`."""
