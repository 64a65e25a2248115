"""The base of mixins for admin classes: the methods that they override are those of ``ModelAdmin``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

if TYPE_CHECKING:
    AdminMixin = admin.ModelAdmin[Any]
else:
    # A mixin stands before the other bases, whichever admin class is among them.
    AdminMixin = object
