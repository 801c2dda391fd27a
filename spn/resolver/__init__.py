"""The resolver: from a model, as people write it, to the net that machines read. What a net is, is in `spn.net`."""
