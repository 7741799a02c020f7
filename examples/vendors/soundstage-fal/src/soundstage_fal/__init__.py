"""fal's queue, with every model behind it, for Soundstage; imports nothing else."""

from soundstage_vendors import Vendor

VENDOR = Vendor.in_package(
    "soundstage_fal",
    api=1,
    slug="fal",
    title="fal (queue)",
    client="Fal",
    docs="https://fal.ai/docs/documentation/model-apis/inference/queue",
)
