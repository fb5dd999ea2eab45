"""The raster of a report that one can look into: its data, and the page's part that shows it."""
