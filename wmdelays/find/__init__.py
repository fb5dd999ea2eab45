"""Looking for templates in rasters, and what would be found by chance."""
