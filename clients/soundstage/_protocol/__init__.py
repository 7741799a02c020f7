"""What all vendors' APIs have in common, as flows without I/O: submit, poll, download, read responses."""
