"""Live runs: the plan within a budget, the calls, and the differences found."""
