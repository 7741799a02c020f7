"""The inspector: the page at ``/`` that shows every task as it comes, and steers clock, fates and faults."""
