"""The simulator of a run, in-process or at an address, its control API, and the recording of exchanges."""
