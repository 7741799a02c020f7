"""The world, which owns all state of a simulator: saving, restoring, callbacks, uploads, verification."""
