"""The contracts of Veo."""
