"""Holds `discover_models`, which `get_models_json.py` files import."""
