"""What an API learns of the JWT behind a token."""
