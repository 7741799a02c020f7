"""Mutation testing with generated mutants: small changes to the vendors' code, each of which a contract must catch.

mutmut generates the mutants (`generation`, without those of `exclusions`); a sample of each vendor and side is run by
forked pytest sessions (`server`, `child`), against the contracts that execute the changed line (`execution`). Survivors
are listed with a reason in `tests/breaks/survivors.toml` (`survivors`). `runner` is the program.
"""
