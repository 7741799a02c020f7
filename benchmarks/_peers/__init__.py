"""What `benchmarks/clients.py` runs in the environment of each client."""
