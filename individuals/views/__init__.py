"""The portal's pages about marked pieces."""
