"""A proxy that sends requests for the vendors' documented hosts to a simulator, and the certificates for it."""
