"""What a vendor's simulator is built from: the service base class, input file checks, signed result URLs."""
