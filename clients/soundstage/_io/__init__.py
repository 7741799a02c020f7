"""Input and output: the two drivers, the HTTP library, the clock, and files on disk."""
