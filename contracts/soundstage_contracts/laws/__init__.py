"""Contracts that hold for every vendor, written once."""
