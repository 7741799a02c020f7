"""Sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy_server.media._media import Sound


def render_sound(sound: Sound) -> bytes:
    """Return *sound* as an MP3."""
    raise NotImplementedError(sound)
