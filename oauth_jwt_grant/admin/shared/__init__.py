"""What the pages of the admin have in common: links, permissions, labels, widgets, history."""

from __future__ import annotations

from .downloads import csv_file
from .filters import RelatedFilter
from .formfields import (
    AlgorithmsField,
    ConditionsField,
    DoorsField,
    KeysField,
    ListField,
    ObjectField,
    PublicTextField,
)
from .history import record_import
from .keys import parse_key
from .labels import as_stored, below, conditions_in_words, english, exact_time, near_misses, state_of
from .links import change_url, link_to, list_url
from .lists import YEARS, KnownChangeList
from .mixins import AdminMixin
from .pages import page_context
from .paging import LISTED, BoundedList
from .permissions import (
    changeable,
    changeable_issuer,
    may_add,
    may_change_issuers,
    may_revoke,
    may_see,
    may_trust_jwts,
)
from .reasons import reason_in_words
from .related import SearchableRelations, check_related
from .searching import begins
from .storable import StorableAdmin
from .tables import light, table
from .widgets import LabelledDateTime, LabelledFormSet

__all__ = [
    "LISTED",
    "YEARS",
    "AdminMixin",
    "AlgorithmsField",
    "BoundedList",
    "ConditionsField",
    "DoorsField",
    "KeysField",
    "KnownChangeList",
    "LabelledDateTime",
    "LabelledFormSet",
    "ListField",
    "ObjectField",
    "PublicTextField",
    "RelatedFilter",
    "SearchableRelations",
    "StorableAdmin",
    "as_stored",
    "begins",
    "below",
    "change_url",
    "changeable",
    "changeable_issuer",
    "check_related",
    "conditions_in_words",
    "csv_file",
    "english",
    "exact_time",
    "light",
    "link_to",
    "list_url",
    "may_add",
    "may_change_issuers",
    "may_revoke",
    "may_see",
    "may_trust_jwts",
    "near_misses",
    "page_context",
    "parse_key",
    "reason_in_words",
    "record_import",
    "state_of",
    "table",
]
