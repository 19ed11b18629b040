"""A game's definition as the text of a file, which `universe games validate` accepts."""

from universe.game import Game


def definition_toml(game: Game) -> str:
    """Return a definition as a file of a user's own would hold it."""
    lines = [
        f'id = "{game.game_id}"',
        f"since = {game.since}",
        f"main = {{ picked = {game.main.picked}, size = {game.main.size} }}",
    ]
    if game.bonus is not None:
        drum = "rest_of_drum = true" if game.bonus_from_rest else f"size = {game.bonus_size}"
        lines.append(f"bonus = {{ picked = {game.bonus_picked}, {drum} }}")
    for period in game.schedule:
        days = ", ".join(f'"{day}"' for day in period.days)
        lines += ["", "[[schedule]]", f"from = {period.start}", f"days = [{days}]"]
    for move in game.moved:
        lines += ["", "[[moved]]", f"scheduled = {move.scheduled}", f"held = {move.held}"]
    return "\n".join(lines) + "\n"
