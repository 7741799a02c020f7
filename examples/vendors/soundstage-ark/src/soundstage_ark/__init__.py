"""Ark's content generation tasks (Seedance on Volcengine and BytePlus) for Soundstage; imports nothing else."""

from soundstage_vendors import Vendor

VENDOR = Vendor.in_package(
    "soundstage_ark",
    api=1,
    slug="ark",
    title="Ark (Seedance)",
    client="Ark",
    docs="https://www.volcengine.com/docs/82379/1520757",
)
