"""The contracts of Tomoviee."""
