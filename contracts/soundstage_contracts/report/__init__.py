"""What a run of the contracts prints and writes: progress, failure messages, the HTML page."""
