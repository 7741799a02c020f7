"""The HTTP layer: the ASGI application, the control API, OpenAPI pages, servers and transports, fault injection."""
