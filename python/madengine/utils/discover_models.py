"""The same as `madengine.tools.discover_models`, under the name that version 2 of the Python tool has for it."""

from madengine.tools.discover_models import CustomModel

__all__ = ["CustomModel"]
