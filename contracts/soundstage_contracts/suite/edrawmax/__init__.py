"""The contracts of EdrawMax."""
