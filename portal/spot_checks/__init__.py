"""Spot checks of the access log («stickprov»): which looks are drawn (``rules``), what is done with
them (``services``), the reviewers' pages (``views``) and the protocol (``papers``)."""
