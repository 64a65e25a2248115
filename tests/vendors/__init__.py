"""Workload identity, end to end: issuers like the real ones, and who must not pass for another there."""
