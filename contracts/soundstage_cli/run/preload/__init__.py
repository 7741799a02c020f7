"""Scripts that the run program's own interpreter loads first: Python as `sitecustomize`, Node by ``--require``."""
