"""An example site: an authorization server with the JWT authorization grant, and an API for its tokens."""
