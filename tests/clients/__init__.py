"""Published client libraries, unmodified, against the token endpoint over real HTTPS.

The programs are those of ``docs/clients.md``; each runs in a process of its own.
"""
