"""Ark's contracts: the shared laws, and what only Ark has."""
