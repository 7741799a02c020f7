"""Ark's content generation tasks (Seedance on Volcengine and BytePlus) for Soundstage; imports nothing else."""

from soundstage_vendors import Vendor

VENDOR = Vendor(
    api=1,
    slug="ark",
    title="Ark (Seedance)",
    client="soundstage_ark.client:Ark",
    async_client="soundstage_ark.client:AsyncArk",
    service="soundstage_ark.simulator:SERVICE",
    contract="soundstage_ark.contract:CONTRACT",
    suite="soundstage_ark.suite",
    facts="soundstage_ark:ark.toml",
    transcripts="soundstage_ark:transcripts",
    mistakes="soundstage_ark:mistakes/ark.py",
    docs="https://www.volcengine.com/docs/82379/1520757",
)
