"""Facts: the fact files, the contracts that prove each fact, and evidence of past runs."""
