"""Single use under fire: races of processes, killed processes, transactions that roll back, lost caches."""
