"""How the gallery finds the figure of an example (each script leaves it in the name `figure`), and the
order of the examples."""

from pathlib import Path

from sphinx_gallery.scrapers import figure_rst

SUBSECTIONS = ["recordings", "memory", "neurons", "polychrony"]
# What a reader should see first; the others follow by name.
FIRST = ["recalled_raster", "replaced_entries", "longest_delay", "capacity", "sequence"]
FIRST += ["one_neuron", "izhikevich_network", "polychronous_group"]


def subsection_order(folder):
    return SUBSECTIONS.index(Path(folder).name)


class ReadingOrder:
    """The order of the examples of a folder; the gallery names the folder first, then each file."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, file):
        name = Path(file).stem
        return (FIRST.index(name) if name in FIRST else len(FIRST), name)


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
