"""The JWT authorization grant (RFC 7523 section 2.1) for django-oauth-toolkit."""

__version__ = "0.1.0"
