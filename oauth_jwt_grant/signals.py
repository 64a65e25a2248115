"""Signals for sites that count, alert or audit elsewhere. Receivers' errors are logged, not raised."""

from __future__ import annotations

from django.dispatch import Signal

#: Sent with ``decision`` (the saved Decision, with its access token) and ``request``
#: (oauthlib's) after COMMIT, also under ``ATOMIC_REQUESTS``: our token view is outside its transaction.
assertion_accepted = Signal()

#: Sent with ``reason`` (a Reason), ``decision`` (the saved Decision, or ``None`` if none was
#: kept: the issuer is unknown, or it has had its refusals for this minute) and ``request``.
assertion_refused = Signal()

#: Sent after COMMIT of a change of trust that is made in bulk, for which Django sends no ``post_save``:
#: with ``sender`` (the model), ``action`` (``"disabled"``, ``"issued_after"``, ``"imported"`` or
#: ``"applied"``) and ``instances`` (the rows).
trust_changed = Signal()
