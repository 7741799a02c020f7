"""The failure matrix: every call of a client, under every fault of the network at every point, against the laws."""
