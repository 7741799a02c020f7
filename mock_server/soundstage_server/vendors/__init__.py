"""The simulated vendors, one folder each, written from the facts alone.

Every folder has the same files: `capabilities` (parameters, states and prices as data), `refusals` (its refusals as
data), `outputs` (the media of a task) and `service` (the responses); vendors that need more add files of their own.
"""
