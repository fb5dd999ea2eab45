"""The rule that the page for developers adds, from the code on the page."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "developers" / "add_a_rule.md"


def code_of_the_page():
    """The page's first block of Python."""
    return PAGE.read_text().split("```python\n")[1].split("```")[0]
