"""The facts: loading the fact files, tying contracts to facts, and evidence of past runs."""
