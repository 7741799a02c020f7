"""Job stores: durable records of paid requests and their jobs, for recovery after a crash."""
