"""The constructor of clients that need one API key and no more."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from soundstage._client.client import Client
from soundstage._client.json_service import JsonService
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import HttpT
from soundstage._protocol.credentials import find_credential
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile

KeyServiceT = TypeVar("KeyServiceT", bound=JsonService)


def key_profile(
    slug: str, name: str, base_url: str, *, unit: str, first: float, ceiling: float | None = None
) -> VendorProfile:
    """Return the profile of a vendor with one API key; another kind of vendor writes a `VendorProfile`.

    The variables are called after the slug: ``ACME_API_KEY`` and ``ACME_BASE_URL``.

    Args:
        slug: The vendor.
        name: Its name for people.
        base_url: The documented address of the service.
        unit: The unit in which the service charges.
        first: Seconds between two polls, as documented.
        ceiling: The most seconds between two polls, where the pauses grow by half each time.
    """
    factor = 1.0 if ceiling is None else 1.5
    return VendorProfile(
        slug=slug,
        name=name,
        base_url=base_url,
        base_url_variable=f"{slug.upper()}_BASE_URL",
        credentials=MappingProxyType({"api_key": f"{slug.upper()}_API_KEY"}),
        poll=PollPolicy(first=first, factor=factor, ceiling=ceiling or first, timeout=3600.0, outage=600.0),
        unit=unit,
    )


class KeyClient(Client[HttpT, KeyServiceT]):
    """A client whose only credential is an API key; a subclass names its profile and its service.

    It does so with ``class _Operations(KeyClient[HttpT, AcmeService], profile=PROFILE, service=AcmeService)``.
    """

    def __init_subclass__(
        cls, *, profile: VendorProfile | None = None, service: type[KeyServiceT] | None = None, **options: Any
    ) -> None:
        """Write the constructor of *profile* and *service*; a subclass without them inherits it."""
        super().__init_subclass__(**options)
        if profile is not None and service is not None:
            cls.__init__ = _constructor(cls.__qualname__, profile, service)  # type: ignore[method-assign] # documented for each vendor

    if TYPE_CHECKING:

        def __init__(self, api_key: str | None = None, **options: Unpack[ClientOptions[HttpT]]) -> None: ...


def _constructor(client: str, profile: VendorProfile, service: type[JsonService]) -> Any:
    (variable,) = profile.credentials.values()

    def init(self: Any, api_key: str | None = None, **options: Any) -> None:
        Client.__init__(self, profile, **options)  # pyright: ignore[reportUnknownMemberType]
        self._service = service(find_credential(profile.slug, "api_key", api_key, variable), self._settings)

    init.__name__, init.__qualname__ = "__init__", f"{client}.__init__"
    init.__doc__ = f"""Create a client; nothing is sent.

    Args:
        api_key: The API key, or else {variable}.

    Raises:
        MissingCredential: No key is given or in the environment.
        InvalidArgument: An argument is out of range.
    """
    return constructor(profile, ClientOptions)(init)
