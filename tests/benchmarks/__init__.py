"""How fast the main pages answer on a region's data, beside bare views with raw SQL."""
