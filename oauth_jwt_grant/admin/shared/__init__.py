"""What the pages of the admin have in common: links, permissions, labels, widgets, history."""

from __future__ import annotations
