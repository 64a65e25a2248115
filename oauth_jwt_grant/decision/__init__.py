"""The decision on one assertion, its record, and its dry run.

The token endpoint, the admin's "Test an assertion" and ``explainassertion`` all come through
:func:`decide`.
"""

from __future__ import annotations
