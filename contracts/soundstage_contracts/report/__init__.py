"""The output of a run of the contracts: failure messages, summaries and the HTML report."""
