"""`soundstage facts`: the facts of each vendor, the contracts that prove them, and the mistakes that these caught."""
