"""What every vendor's API has in common, as flows without I/O: submit, poll, download, read responses."""
