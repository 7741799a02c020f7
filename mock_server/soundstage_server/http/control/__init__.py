"""The control API of a simulator, as routes of its FastAPI application."""
