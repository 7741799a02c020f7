"""Planted mistakes, and the runner that shows which contract catches each."""
