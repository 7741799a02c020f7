"""The user-facing layer: clients, jobs, outputs, and waiting for many jobs at once."""
