"""The use cases, one file each: the only place where things are decided. No HTTP here."""
