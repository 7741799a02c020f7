"""The one table of public names: a row for each vendor of this project, and a row for each shared module.

`soundstage.__all__`, the lazy imports of `soundstage` and its type stub all come from here. After a change, run
`python tools/public_names.py`. A vendor from outside has its public names in its own package.
"""

from __future__ import annotations

from soundstage_vendors.own import VENDORS

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
    **{row.module: (row.async_client, row.client, *row.others) for row in VENDORS.values()},
}
"""The public names of each module; those of `soundstage.errors` are its `__all__`."""
