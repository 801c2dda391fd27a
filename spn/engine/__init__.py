"""Engines: what turns a net into traces and observations. Nothing here reads models or estimates."""
