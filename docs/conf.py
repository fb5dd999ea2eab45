"""How Sphinx makes the site of these pages; `make docs` calls it."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "extensions"))

project = "wmdelays"
author = "the wmdelays developers"
copyright = "the wmdelays developers, MIT licence"
release = version = version_of("wmdelays")

extensions = [
    "myst_parser",  # pages in Markdown
    "sphinx.ext.autodoc",  # the reference, from docstrings
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",  # the source of each function, one click away
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",  # the cards of the front page
    "sphinx_gallery.gen_gallery",
    "command_options",
]
exclude_patterns = ["_build", "extensions"]
templates_path = ["_templates"]
# `--start` stays as it is.
smartquotes = False
nitpicky = True
# A name in single quotes is a link where it is documented, and else just a name.
default_role = "py:obj"
nitpick_ignore_regex = [("py:obj", ".*")]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
# Types stand in the docstrings, with shapes and units.
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "image_scrapers": ("gallery_figures.scraper",),
    "subsection_order": "gallery_figures.subsection_order",
    "within_subsection_order": "gallery_figures.ReadingOrder",
    "capture_repr": (),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "min_reported_time": 10_000,
}

html_theme = "pydata_sphinx_theme"
html_title = "wmdelays"
html_static_path = ["_static"]
html_css_files = ["wmdelays.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "wmdelays"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
