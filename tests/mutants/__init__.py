"""Mistakes that the tests must find: ``mutants.toml`` lists them, ``python -m tests.mutants`` makes each."""
