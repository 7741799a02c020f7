"""Contracts of every vendor, written once over what a vendor declares."""
