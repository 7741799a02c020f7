"""Callbacks: the requests that a vendor sends to the address in a create call when a task ends or changes."""
