"""The machinery of ``manage.py demo``; a site of your own needs none of it."""
