"""Who is trusted: from the rows of the database to the policy, keys, rules and client of one request.

The only room that reads trust rows for a request.
"""

from __future__ import annotations
