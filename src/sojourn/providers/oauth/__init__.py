"""Who vouches for people: OpenID Connect."""
