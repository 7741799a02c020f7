"""The contracts of Infrai."""
