"""The commands: each reads its arguments, asks the library and prints."""
