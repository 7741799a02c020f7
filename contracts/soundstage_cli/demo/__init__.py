"""`soundstage demo`: the calls of every vendor against a local simulator, with a table and a contact sheet."""
