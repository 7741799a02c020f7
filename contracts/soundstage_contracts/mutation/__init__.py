"""Mutation testing of the contracts: deliberate mistakes, and the runner that shows which contract catches each."""
