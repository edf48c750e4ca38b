"""The portal's pages about what comes back: returns, return slips, pickup orders."""
