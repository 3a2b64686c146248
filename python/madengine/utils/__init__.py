"""Holds `discover_models` where files written for version 2 of the Python tool import it."""
