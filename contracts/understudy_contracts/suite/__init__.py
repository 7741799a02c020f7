"""The contracts, which ``pytest --pyargs understudy_contracts`` collects and ``--understudy-target`` aims."""
