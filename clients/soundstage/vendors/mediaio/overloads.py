"""`generate`: Media.io's endpoints by their exact names, with one overload for each.

Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` generates this module;
do not edit it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from typing import Unpack

    from soundstage._client.jobs import AsyncJob, Job
    from soundstage.vendors.mediaio.parameters import (
        GoogleVeo31FastParameters,
        GoogleVeo31Parameters,
        Hailuo02Parameters,
        Hailuo23Parameters,
        Imagen4Parameters,
        Kling21Parameters,
        Kling25TurboParameters,
        Kling26Parameters,
        Kling30Parameters,
        MotionControlKling26Parameters,
        NanoBananaParameters,
        NanoBananaProParameters,
        Seedream40Parameters,
        SoulCharacterParameters,
        ViduQ2Parameters,
        ViduQ3Parameters,
        ViduQ3TextToVideoParameters,
        Wan22Parameters,
        Wan25Parameters,
        Wan25TextToVideoParameters,
        Wan26Parameters,
        Wan26TextToVideoParameters,
    )


class Generate(ABC):
    """`generate` of the blocking client."""

    @overload
    def generate(self, name: Literal["Imagen 4"], **parameters: Unpack[Imagen4Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["soul_character"], **parameters: Unpack[SoulCharacterParameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Nano Banana"], **parameters: Unpack[NanoBananaParameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Seedream 4.0"], **parameters: Unpack[Seedream40Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Nano Banana Pro"], **parameters: Unpack[NanoBananaProParameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Wan 2.6"], **parameters: Unpack[Wan26Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Wan 2.2"], **parameters: Unpack[Wan22Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Hailuo 02"], **parameters: Unpack[Hailuo02Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Kling 2.1"], **parameters: Unpack[Kling21Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Vidu Q3"], **parameters: Unpack[ViduQ3Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Kling 2.5 Turbo"], **parameters: Unpack[Kling25TurboParameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Google Veo 3.1"], **parameters: Unpack[GoogleVeo31Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Kling 3.0"], **parameters: Unpack[Kling30Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Hailuo 2.3"], **parameters: Unpack[Hailuo23Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Vidu Q2"], **parameters: Unpack[ViduQ2Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Wan 2.5"], **parameters: Unpack[Wan25Parameters]) -> Job: ...

    @overload
    def generate(self, name: Literal["Kling 2.6"], **parameters: Unpack[Kling26Parameters]) -> Job: ...

    @overload
    def generate(
        self, name: Literal["Motion Control Kling 2.6"], **parameters: Unpack[MotionControlKling26Parameters]
    ) -> Job: ...

    @overload
    def generate(
        self, name: Literal["Google Veo 3.1 Fast"], **parameters: Unpack[GoogleVeo31FastParameters]
    ) -> Job: ...

    @overload
    def generate(
        self, name: Literal["Wan 2.6 (Text To Video)"], **parameters: Unpack[Wan26TextToVideoParameters]
    ) -> Job: ...

    @overload
    def generate(
        self, name: Literal["Vidu Q3 (Text To Video)"], **parameters: Unpack[ViduQ3TextToVideoParameters]
    ) -> Job: ...

    @overload
    def generate(
        self, name: Literal["Wan 2.5 (Text To Video)"], **parameters: Unpack[Wan25TextToVideoParameters]
    ) -> Job: ...
    def generate(self, name: str, **parameters: Any) -> Job:
        """Start a job by an endpoint's exact name, such as "Kling 3.0"; it costs credits.

        Args:
            name: The vendor's name; each endpoint is also a method, such as `kling_3_0`.
            **parameters: The arguments of that method.

        Raises:
            InvalidArgument: There is no such endpoint or parameter, or a value is not allowed.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown.
            ApiError: Media.io refused; nothing was charged.

        Facts: mediaio:names.unique.
        """
        return self._generate(name, parameters)

    @abstractmethod
    def _generate(self, name: str, parameters: dict[str, Any]) -> Job: ...


class AwaitingGenerate(ABC):
    """`generate` of the awaiting client."""

    @overload
    async def generate(self, name: Literal["Imagen 4"], **parameters: Unpack[Imagen4Parameters]) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["soul_character"], **parameters: Unpack[SoulCharacterParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Nano Banana"], **parameters: Unpack[NanoBananaParameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Seedream 4.0"], **parameters: Unpack[Seedream40Parameters]) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Nano Banana Pro"], **parameters: Unpack[NanoBananaProParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Wan 2.6"], **parameters: Unpack[Wan26Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Wan 2.2"], **parameters: Unpack[Wan22Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Hailuo 02"], **parameters: Unpack[Hailuo02Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Kling 2.1"], **parameters: Unpack[Kling21Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Vidu Q3"], **parameters: Unpack[ViduQ3Parameters]) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Kling 2.5 Turbo"], **parameters: Unpack[Kling25TurboParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Google Veo 3.1"], **parameters: Unpack[GoogleVeo31Parameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Kling 3.0"], **parameters: Unpack[Kling30Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Hailuo 2.3"], **parameters: Unpack[Hailuo23Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Vidu Q2"], **parameters: Unpack[ViduQ2Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Wan 2.5"], **parameters: Unpack[Wan25Parameters]) -> AsyncJob: ...

    @overload
    async def generate(self, name: Literal["Kling 2.6"], **parameters: Unpack[Kling26Parameters]) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Motion Control Kling 2.6"], **parameters: Unpack[MotionControlKling26Parameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Google Veo 3.1 Fast"], **parameters: Unpack[GoogleVeo31FastParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Wan 2.6 (Text To Video)"], **parameters: Unpack[Wan26TextToVideoParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Vidu Q3 (Text To Video)"], **parameters: Unpack[ViduQ3TextToVideoParameters]
    ) -> AsyncJob: ...

    @overload
    async def generate(
        self, name: Literal["Wan 2.5 (Text To Video)"], **parameters: Unpack[Wan25TextToVideoParameters]
    ) -> AsyncJob: ...
    async def generate(self, name: str, **parameters: Any) -> AsyncJob:
        """Start a job by an endpoint's exact name, such as "Kling 3.0"; it costs credits.

        Args:
            name: The vendor's name; each endpoint is also a method, such as `kling_3_0`.
            **parameters: The arguments of that method.

        Raises:
            InvalidArgument: There is no such endpoint or parameter, or a value is not allowed.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown.
            ApiError: Media.io refused; nothing was charged.

        Facts: mediaio:names.unique.
        """
        return await self._generate(name, parameters)

    @abstractmethod
    async def _generate(self, name: str, parameters: dict[str, Any]) -> AsyncJob: ...
