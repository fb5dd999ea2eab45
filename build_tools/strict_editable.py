"""setuptools, whose editable installs are link trees unless another kind is asked for.

The folders of this repository have other places in the package, so a plain editable install is a
finder that Python asks last. A folder that bears the package's name, such as the one that holds
this file, would be found before it. A folder of links on ``sys.path`` is found first.
"""

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """As PEP 660 says."""
    settings = {"editable_mode": "strict", **(config_settings or {})}
    return build_meta.build_editable(wheel_directory, settings, metadata_directory)
