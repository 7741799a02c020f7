"""The one table of public names: a row for each vendor, and a row for each shared module.

`soundstage.__all__`, the lazy imports of `soundstage` and its type stub all come from here. After a change, run
`python tools/public_names.py`. No other shared code knows a vendor's name.
"""

from __future__ import annotations

from typing import NamedTuple


class VendorEntry(NamedTuple):
    """One vendor's public names.

    Attributes:
        slug: The short name, which is also the name of the vendor's package.
        client: The sync client's class.
        others: Public names beside the two clients.
    """

    slug: str
    client: str
    others: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The vendor's package."""
        return f"soundstage.vendors.{self.slug}"

    @property
    def async_client(self) -> str:
        """The async client's class."""
        return f"Async{self.client}"


_ROWS = (
    VendorEntry("tomoviee", "Tomoviee", ("CameraMove", "ControlType", "Voice")),
    VendorEntry("mediaio", "MediaIO"),
    VendorEntry("edrawmax", "EdrawMax", ("AsyncDiagram", "Diagram", "SavedDiagram")),
    VendorEntry("cloudsway", "Cloudsway", ("CameraControl", "DynamicMask")),
    VendorEntry("gmicloud", "GMICloud"),
    VendorEntry("infrai", "Infrai", ("InfraiAccount",)),
    VendorEntry("veo", "Veo"),
)
VENDORS: dict[str, VendorEntry] = {row.slug: row for row in _ROWS}
"""Each vendor by its slug, in the order in which tables show them."""

PUBLIC: dict[str, tuple[str, ...]] = {
    "soundstage._client.gather": ("as_completed", "as_completed_async", "gather", "gather_async"),
    "soundstage._client.jobs": ("AsyncJob", "Job"),
    "soundstage._client.outputs": ("AsyncOutput", "Output"),
    "soundstage._client.recovery": ("Recovered",),
    "soundstage._io.clock": ("Clock", "SkippingClock", "SystemClock"),
    "soundstage._protocol.recovery": ("RecoveryAction",),
    "soundstage._store.postgres": ("PostgresJobStore",),
    "soundstage._store.records": ("JobRecord", "Origin", "RecordState"),
    "soundstage._protocol.spend_limit": ("SpendLimit",),
    "soundstage._protocol.spending": ("Spent",),
    "soundstage._store.sqlite": ("SQLiteJobStore",),
    "soundstage._store.store": ("JobStore",),
    "soundstage._values.events": (
        "Event",
        "FileSaved",
        "Hook",
        "JobUpdated",
        "RequestFailed",
        "RequestSent",
        "ResponseReceived",
        "RetryScheduled",
    ),
    "soundstage._values.policies": ("PollPolicy", "RetryPolicy"),
    "soundstage._values.spending": ("Ceiling", "CeilingReached"),
    "soundstage._values.state": ("JobState", "Media", "Snapshot"),
    "soundstage._version": ("__version__",),
    "soundstage.callbacks": ("Callback", "CallbackAddresses", "CallbackReceiver"),
    **{row.module: (row.async_client, row.client, *row.others) for row in _ROWS},
}
"""The public names of each module; those of `soundstage.errors` are its `__all__`."""
