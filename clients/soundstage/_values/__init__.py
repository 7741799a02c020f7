"""Plain values that every other layer uses: messages, states, events, policies, validation."""
