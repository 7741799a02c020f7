"""`soundstage jobs`: the jobs and the unknown outcomes in a job store, and what can be done about them."""
