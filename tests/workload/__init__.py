"""Workload identity, end to end: issuers that look like the real ones, and everybody who must not pass for another."""
