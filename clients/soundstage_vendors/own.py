"""The vendors of this project: one line each, from which their `Vendor` objects and public names are made.

Their entry points in `pyproject.toml` name this module. After a change, run ``python tools/public_names.py``. Outside
of a vendor's own files, this is the only code that knows a vendor's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from soundstage_vendors.vendor import Vendor


class OwnVendor(NamedTuple):
    """One vendor of this project.

    Attributes:
        slug: The short name, which is also the name of the vendor's package in the client, simulator and contracts.
        title: The name that people read.
        client: The sync client's class.
        others: Public names of the client's package beside the two clients.
    """

    slug: str
    title: str
    client: str
    others: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The package of its client."""
        return f"soundstage.vendors.{self.slug}"

    @property
    def async_client(self) -> str:
        """The async client's class."""
        return f"Async{self.client}"

    @property
    def entry_point(self) -> str:
        """What its entry point names."""
        return f"{__name__}:{self.slug}"


_ROWS = (
    OwnVendor("tomoviee", "Tomoviee", "Tomoviee", ("CameraMove", "ControlType", "Voice")),
    OwnVendor("mediaio", "Media.io", "MediaIO"),
    OwnVendor("edrawmax", "EdrawMax", "EdrawMax", ("AsyncDiagram", "Diagram", "SavedDiagram")),
    OwnVendor("cloudsway", "Cloudsway (Kling)", "Cloudsway", ("CameraControl", "DynamicMask")),
    OwnVendor("gmicloud", "GMI Cloud", "GMICloud"),
    OwnVendor("infrai", "Infrai", "Infrai", ("InfraiAccount",)),
    OwnVendor("veo", "Veo", "Veo"),
)
VENDORS: dict[str, OwnVendor] = {row.slug: row for row in _ROWS}
"""Each vendor by its slug, in the order in which tables show them."""


def __getattr__(name: str) -> Vendor:
    """Return the `Vendor` with the slug *name*, which its entry point names."""
    if name not in VENDORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from soundstage_vendors.vendor import API, Vendor

    row = VENDORS[name]
    return Vendor(
        api=API,
        slug=row.slug,
        title=row.title,
        client=f"{row.module}:{row.client}",
        async_client=f"{row.module}:{row.async_client}",
        service=f"soundstage_server.vendors.{row.slug}:SERVICE",
        contract=f"soundstage_contracts.vendors.{row.slug}:CONTRACT",
        terms=f"soundstage_contracts.vendors.{row.slug}.terms",
        suite=f"soundstage_contracts.suite.{row.slug}",
        facts=f"soundstage_contracts:facts/{row.slug}.toml",
        transcripts=f"soundstage_contracts:transcripts/{row.slug}",
        docs=f"docs/vendors/{row.slug}.md",
    )
