"""The contracts of GMI Cloud."""
