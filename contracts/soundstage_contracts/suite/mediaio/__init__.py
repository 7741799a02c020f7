"""The contracts of Media.io."""
