"""How the lines of a price say their numbers."""


def counted(number: int, thing: str) -> str:
    """`1 night`, `2 nights`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
