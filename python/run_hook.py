"""Runs one `get_models_json.py` and writes what it lists as JSON: run_hook.py HOOK RESULT [NAME ...]

Without names: every card, and whether its model has an `update_model` of its own. With names: these models' cards after
their `update_model` ran. The hook's own output stays on standard output and error.
"""

import importlib.util
import json
import os
import sys
import traceback

from madengine.tools.discover_models import CustomModel


def load(path):
    spec = importlib.util.spec_from_file_location("get_models_json", path)
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name.
    sys.modules[spec.name] = module
    sys.path.insert(1, os.path.dirname(path))
    spec.loader.exec_module(module)
    return module


def listed(module):
    if not callable(getattr(module, "list_models", None)):
        raise TypeError("get_models_json.py must define a function list_models()")
    models = list(module.list_models())
    for model in models:
        if not isinstance(model, (CustomModel, dict)):
            raise TypeError(
                "list_models() must return CustomModel objects or dictionaries, not %s" % type(model).__name__
            )
    return models


def is_lazy(model):
    return isinstance(model, CustomModel) and type(model).update_model is not CustomModel.update_model


def card(model):
    return dict(model) if isinstance(model, dict) else model.to_dict()


def identity(model):
    return model.name, list(model.tags)


def updated(model):
    before = identity(model)
    model.update_model()
    if identity(model) != before:
        raise ValueError("update_model() of %r must not change name and tags" % before[0])
    return card(model)


def answer(path, names):
    models = listed(load(path))
    if not names:
        return {"models": [card(model) for model in models], "lazy": [is_lazy(model) for model in models]}
    return {"models": [updated(model) for model in models if is_lazy(model) and model.name in names]}


def from_hook_on(error, path):
    """The traceback without the lines of this file."""
    entry = error.__traceback__
    while entry is not None and entry.tb_frame.f_code.co_filename != path:
        entry = entry.tb_next
    return entry


def main():
    path, result, *names = sys.argv[1:]
    try:
        text = json.dumps(answer(path, names))
    except BaseException as error:
        traceback.print_exception(type(error), error, from_hook_on(error, path))
        sys.exit(1)
    with open(result, "w", encoding="utf-8") as file:
        file.write(text)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the hook left running don't keep us.
    os._exit(0)


main()
