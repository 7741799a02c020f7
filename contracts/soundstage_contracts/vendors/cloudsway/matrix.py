"""What each model can do, as the contracts read it from the fact ``capability.matrix``, by combination."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS: Final = (
    "kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master", "kling-v2-5-turbo",
    "kling-v2-6",
)  # fmt: skip
FROM_TEXT: Final = tuple(model for model in MODELS if model not in {"kling-v1-5", "kling-v2-1"})
GATEWAY_NAMES: Final = {
    "MaaS_KL_V1": "kling-v1",
    "MaaS_KL_V1.5": "kling-v1-5",
    "MaaS_KL_V1.6": "kling-v1-6",
    "MaaS_KL_V2.1_Master": "kling-v2-1-master",
    "MaaS_KeLing_V2.6": "kling-v2-6",
}
MODES: Final = ("std", "pro")
SECONDS: Final = ("5", "10")
TEXT_FEATURES: Final = ("", "cfg_scale", "sound", "camera_control:simple", "camera_control:down_back")
IMAGE_FEATURES: Final = (*TEXT_FEATURES, "image_tail", "static_mask", "dynamic_masks")


class Combination(NamedTuple):
    """One combination: the kind of task, its model, mode and seconds, and a further feature."""

    kind: str
    model: str
    mode: str
    seconds: str
    feature: str

    @property
    def parameter(self) -> str:
        """The parameter that asks for the feature; the mode where there is none."""
        return self.feature.partition(":")[0] or "mode"

    def allowed(self) -> bool:
        """Whether the documents allow it: what they do not forbid they allow."""
        return not any(self._forbidden())

    def _forbidden(self) -> Iterator[bool]:
        what, _, kind_of_camera = self.feature.partition(":")
        pro_5 = (self.mode, self.seconds) == ("pro", "5")
        masks = what in {"static_mask", "dynamic_masks"}
        yield self.model.endswith("master") and (self.mode == "pro" or what == "image_tail")
        yield self.model.startswith("kling-v2") and what == "cfg_scale"
        yield what == "sound" and (self.model != "kling-v2-6" or self.mode != "pro")
        match self.model:
            case "kling-v1":
                yield self.seconds != "5" and (what == "image_tail" or masks)
                from_text = what == "camera_control" and self.kind == "text2video"
                yield from_text and (self.mode, self.seconds) != ("std", "5")
            case "kling-v1-5":
                from_image = what == "camera_control" and self.kind == "image2video"
                yield (masks or from_image) and not pro_5
                yield from_image and kind_of_camera != "simple"
        yield what == "image_tail" and self.model != "kling-v1" and self.mode != "pro"


def combinations(kind: str) -> list[Combination]:
    """Return every combination of a model of *kind* with mode, length and feature."""
    models = FROM_TEXT if kind == "text2video" else MODELS
    features = TEXT_FEATURES if kind == "text2video" else IMAGE_FEATURES
    return [Combination(kind, *parts) for parts in product(models, MODES, SECONDS, features)]


def members_for(feature: str, image: Any) -> dict[str, Any]:
    """Return the members of a body that request *feature*; *image* is an image as the body has it."""
    axes = dict.fromkeys(("horizontal", "vertical", "tilt", "roll", "zoom"), 0)
    members: dict[str, dict[str, Any]] = {
        "": {},
        "cfg_scale": {"cfg_scale": 0.5},
        "sound": {"sound": "on"},
        "camera_control:simple": {"camera_control": {"type": "simple", "config": {**axes, "pan": -5}}},
        "camera_control:down_back": {"camera_control": {"type": "down_back"}},
        "image_tail": {"image_tail": image},
        "static_mask": {"static_mask": image},
        "dynamic_masks": {"dynamic_masks": [{"mask": image, "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]},
    }
    return members[feature]
