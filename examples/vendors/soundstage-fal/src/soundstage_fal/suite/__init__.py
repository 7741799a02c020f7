"""fal's contracts: the shared laws, and what only fal has."""
