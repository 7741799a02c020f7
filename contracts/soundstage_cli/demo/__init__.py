"""`soundstage demo`: every vendor's calls against a local simulator, with a table and a contact sheet."""
