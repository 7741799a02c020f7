"""Types of arguments: the movement of the camera, and a moving mask.

Source: Kling's own API pages on text to video and image to video; facts are cited by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from soundstage._values import validation
from soundstage.vendors.cloudsway.profile import MAX_CAMERA_VALUE, TRAJECTORY_POINTS, CameraType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage._protocol.inputs import ImageInput

_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraControl:
    """The movement of the camera: one of four predefined movements, or a simple one along one axis.

    Attributes:
        type: simple, down_back, forward_up, right_turn_forward or left_turn_forward.
        horizontal: From -10 to 10, like the other five; only with simple, and exactly one of the six.
        vertical: Up and down.
        pan: The vendor's pages disagree on the axes of pan and tilt.
        tilt: See pan.
        roll: Around the line of sight.
        zoom: The change of focal length.

    Raises:
        InvalidArgument: Not exactly one axis is given with simple, or one with another type.

    Facts: cloudsway:camera.control.
    """

    type: CameraType = "simple"
    horizontal: float = 0
    vertical: float = 0
    pan: float = 0
    tilt: float = 0
    roll: float = 0
    zoom: float = 0

    def __post_init__(self) -> None:
        validation.choice("type", self.type, get_args(CameraType))
        values = {
            axis: validation.number(axis, getattr(self, axis), least=-MAX_CAMERA_VALUE, most=MAX_CAMERA_VALUE)
            for axis in _AXES
        }
        moved = [axis for axis, value in values.items() if value]
        if self.type == "simple" and len(moved) != 1:
            allowed = f"exactly one of {', '.join(_AXES)}, not 0, with type 'simple'"
            validation.invalid("camera_control", moved, allowed, shown=" and ".join(moved) or "no movement")
        if self.type != "simple" and moved:
            validation.invalid(
                moved[0], values[moved[0]], f"nothing with type {self.type!r}, which has its own movement"
            )

    def wire(self) -> dict[str, object]:
        """Return the wire format."""
        if self.type != "simple":
            return {"type": self.type}
        return {"type": self.type, "config": {axis: getattr(self, axis) for axis in _AXES}}


@dataclass(frozen=True, slots=True)
class DynamicMask:
    """A part of an image that moves along a path.

    Attributes:
        mask: The part: an image of the same aspect ratio, by address, path or bytes.
        trajectories: The path: 2 to 77 points (x, y) in whole pixels, the origin at the bottom left.

    Raises:
        InvalidArgument: There are too few points or too many, or one is not a pair of integers.

    Facts: cloudsway:image2video.params, image2video.masks.
    """

    mask: ImageInput
    trajectories: Sequence[tuple[int, int]]

    def __post_init__(self) -> None:
        least, most = TRAJECTORY_POINTS
        points = cast("Sequence[object]", self.trajectories)
        if isinstance(points, str) or not least <= len(points) <= most:
            validation.invalid("trajectories", points, f"{least} to {most} points (x, y)")
        for point in points:
            axes = cast("Sequence[object]", point) if isinstance(point, (tuple, list)) else ()
            if [type(axis) for axis in axes] != [int, int]:  # an exact type, because True is an int, too
                validation.invalid("trajectories", repr(axes), "points (x, y) in whole pixels")

    def path(self) -> list[dict[str, int]]:
        """Return the points in wire format."""
        return [{"x": x, "y": y} for x, y in self.trajectories]
