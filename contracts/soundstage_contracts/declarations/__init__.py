"""What a vendor declares to the contracts: its clients, credentials, arguments and live calls."""
