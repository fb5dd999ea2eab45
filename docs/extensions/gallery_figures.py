"""How the gallery finds the figure of an example: each script leaves it in the name `figure`."""

from sphinx_gallery.scrapers import figure_rst


def scraper(block, block_vars, gallery_conf):
    """Save the figure that the block made, if it made one; gives the text that shows it."""
    names = block_vars["example_globals"]
    figure = names.get("figure")
    if figure is None or figure is names.get("_shown"):
        return ""
    names["_shown"] = figure
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path, dpi=150)
    return figure_rst([path], gallery_conf["src_dir"])
