"""`soundstage generate`: any vendor's client from the shell."""
