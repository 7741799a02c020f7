"""Acme's contracts."""
