"""What a site's own tests use."""
