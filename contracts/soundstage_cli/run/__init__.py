"""`soundstage run`: a program, unchanged, with the vendors' hosts simulated."""
