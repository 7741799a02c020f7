"""Acme, a vendor that does not exist: a package outside of Soundstage, with everything that a vendor declares."""

from soundstage_vendors import Vendor

VENDOR = Vendor.in_package(
    "soundstage_acme", api=1, slug="acme", title="Acme Images", client="Acme", docs="https://docs.acme.example/"
)
