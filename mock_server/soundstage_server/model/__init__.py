"""The domain model of the simulator: accounts, clocks, tasks, the ledger, scenarios, faults. No input or output."""
