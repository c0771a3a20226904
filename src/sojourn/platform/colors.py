"""What can be read on a storefront's own colour."""


def ink_on(color: str) -> str:
    """White or near-black, whichever is read more easily on `color` (WCAG 2 relative luminance)."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # Contrast with white is 1.05 / (luminance + 0.05); large bold text needs 3, so white as long as it has that.
    return "#ffffff" if 1.05 / (luminance + 0.05) >= 3 else "#1f2933"
