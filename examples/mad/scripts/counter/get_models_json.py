"""Lists the models of this folder by code: one card for each kind of text that the counter counts."""

from madengine.tools.discover_models import CustomModel


class Counter(CustomModel):
    """What all of them have in common."""

    def __init__(self, kind):
        super().__init__(
            name=kind,
            dockerfile="../../docker/counter",
            scripts="run.sh",
            n_gpus="0",
            owner="examples@madengine.invalid",
            tags=["demo", "quick", "one_result"],
            timeout=60,
            args="--kind %s --batch_size 64" % kind,
        )


def list_models():
    return [Counter("lines"), Counter("words")]
