"""What tests of programs get: the object of the fixture `simulator`, with accounts, requests, jobs and callbacks."""
