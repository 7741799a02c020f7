"""Acme, a vendor that does not exist: a package outside of Soundstage, with everything that a vendor declares."""

from soundstage_vendors import Vendor

VENDOR = Vendor(
    api=1,
    slug="acme",
    title="Acme Images",
    client="soundstage_acme.client:Acme",
    async_client="soundstage_acme.client:AsyncAcme",
    facts="soundstage_acme:acme.toml",
    service="soundstage_acme.simulator:SERVICE",
    contract="soundstage_acme.contract:CONTRACT",
    suite="soundstage_acme.suite",
    transcripts="soundstage_acme:transcripts",
    mistakes="soundstage_acme:mistakes/acme.py",
    docs="https://docs.acme.example/",
)
