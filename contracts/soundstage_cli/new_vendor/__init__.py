"""`soundstage new-vendor`: writes a package with a vendor from outside."""
