"""The vendors' clients, one package each."""
