"""The contracts of Cloudsway."""
