"""The world, which owns all state of a simulator, and what saves, restores and verifies it."""
