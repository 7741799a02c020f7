"""The hot path: requests for the routes of vendors, handled and answered, with or without ASGI."""
