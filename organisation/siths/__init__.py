"""Signing in by SITHS, through OpenID Connect (authorization code, PKCE, state, nonce).

``views``: the way there and back. ``tries``: who is on the way. ``provider``: what the identity
provider is asked, and what its answers must hold. ``refusals``: why somebody isn't let in.
"""
