"""fal's queue, with every model behind it, for Soundstage; imports nothing else."""

from soundstage_vendors import Vendor

VENDOR = Vendor(
    api=1,
    slug="fal",
    title="fal (queue)",
    client="soundstage_fal.client:Fal",
    async_client="soundstage_fal.client:AsyncFal",
    service="soundstage_fal.simulator:SERVICE",
    contract="soundstage_fal.contract:CONTRACT",
    suite="soundstage_fal.suite",
    facts="soundstage_fal:fal.toml",
    transcripts="soundstage_fal:transcripts",
    mistakes="soundstage_fal:mistakes/fal.py",
    docs="https://fal.ai/docs/documentation/model-apis/inference/queue",
)
