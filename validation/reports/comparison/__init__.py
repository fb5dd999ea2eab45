"""Parts of the page of a comparison: the raster one can look into, and its methods in words."""
