"""The portal's pages about activities."""
