"""Tools for those who build the portal; nothing of it is there for those who use it.

Only settings, urls (with ``DEBUG``) and tests may import it: a contract in pyproject.toml.
"""
