"""Documented exchanges of each vendor, and their replay in both directions."""
