"""Many reports: which notebook runs for which community and period, one process each, and what became of it."""
