"""What each vendor's contracts are made of, one module each: strategies, the machine, the demonstration."""
