"""The version, in the one place that code can read without any import."""

__version__ = "0.1.0"
