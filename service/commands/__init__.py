"""`gatepost`'s commands on sites, keys, moderators and comments, a module for each noun."""
