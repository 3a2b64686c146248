"""The interface of `scripts/<dir>/get_models_json.py`.

Such a file defines `list_models()`, which returns a list of `CustomModel` objects (or plain dictionaries with the keys
of a model card). Paths are relative to the file's own folder, names have no folder in front; madengine adds both.
"""

import dataclasses
import typing


@dataclasses.dataclass
class CustomModel:
    """A model card that code makes. Override `update_model` for what is slow to find out."""

    name: str
    dockerfile: str = ""
    dockercontext: str = ""
    scripts: str = ""
    url: str = ""
    cred: str = ""
    owner: str = ""
    data: str = ""
    n_gpus: str = "-1"
    timeout: int = 7200
    training_precision: str = ""
    tags: typing.List[str] = dataclasses.field(default_factory=list)
    args: str = ""
    multiple_results: str = ""
    skip_gpu_arch: str = ""
    additional_docker_run_options: str = ""
    is_deprecated: bool = False

    def update_model(self) -> None:
        """Called once, when the model was selected; may change everything but `name` and `tags`."""

    def to_dict(self) -> typing.Dict[str, typing.Any]:
        """The card as plain data."""
        return dataclasses.asdict(self)
