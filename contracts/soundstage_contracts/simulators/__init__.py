"""The simulator that a run uses, in process or behind a URL, and what records and controls it."""
