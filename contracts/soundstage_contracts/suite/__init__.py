"""The contracts, which ``pytest --pyargs soundstage_contracts`` collects and ``--soundstage-target`` aims."""
