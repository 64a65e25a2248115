"""From a pasted JWT to a trust."""
