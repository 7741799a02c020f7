"""The vendors that the simulator plays, one module each, written from the facts and from nothing else."""
