"""Colours by name. In a figure each is a hexadecimal value of its own, on the page a CSS variable: so dark mode works.

Blue and vermilion are told apart by every kind of colour vision (Okabe & Ito); the two ends of the scale for
residuals are too (ColorBrewer, PuOr).
"""

import attrs


@attrs.frozen
class Colour:
    """One colour: its name on the page, how light and dark pages show it."""

    name: str
    light: str
    dark: str


COLOURS = (
    Colour("ink", "#1b1f24", "#e8e6e1"),
    Colour("muted", "#5a6270", "#a8adb8"),
    Colour("line", "#8b93a1", "#6f7682"),
    Colour("grid", "#e3e6ea", "#33383f"),
    Colour("paper", "#fffefb", "#15181c"),
    Colour("real", "#b54400", "#ff9a56"),
    Colour("synthetic", "#0068a5", "#62b6ee"),
    Colour("band", "#d9e2ec", "#2b3a49"),
    Colour("wide-band", "#ecf1f6", "#202a34"),
    Colour("alarm", "#a3123a", "#ff7d9c"),
    Colour("low4", "#5b2a86", "#c79bf2"),
    Colour("low3", "#8a68b4", "#9a74c6"),
    Colour("low2", "#b7a3d4", "#6b5290"),
    Colour("low1", "#dcd2ea", "#40345a"),
    Colour("zero", "#f3f1ee", "#262a2f"),
    Colour("high1", "#f6ddb5", "#564022"),
    Colour("high2", "#e9b45f", "#8a6127"),
    Colour("high3", "#cc7d1a", "#c08532"),
    Colour("high4", "#8a4a06", "#ffbe62"),
)
DIVERGING = ("low4", "low3", "low2", "low1", "zero", "high1", "high2", "high3", "high4")

_PLACES = {colour.name: place for place, colour in enumerate(COLOURS)}


def drawn(name: str) -> str:
    """Return the value that stands for a colour inside of a figure."""
    return f"#0d0e{_PLACES[name]:02x}"


def on_page(svg: str) -> str:
    """Let the page decide about the colours of a picture."""
    for colour in COLOURS:
        svg = svg.replace(drawn(colour.name), f"var(--{colour.name})")
    return svg


def variables(*, dark: bool) -> str:
    """Return the CSS declarations of all colours."""
    return " ".join(f"--{colour.name}: {colour.dark if dark else colour.light};" for colour in COLOURS)
