"""The forms of dates and times on a site that has chosen its own (``FORMAT_MODULE_PATH``)."""
