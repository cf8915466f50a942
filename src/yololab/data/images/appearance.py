"""How an image looks to a model: its brightness, and how sharp it is."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of so many rows the first few are looked at: all parts of an image, at a fifth of the time. Of small ones all are.
_EVERY, _ROWS, _SMALL = 32, 6, 320


class Appearance(NamedTuple):
    """What was measured of an image.

    Attributes:
        brightness: Mean of its grey levels, 0 to 255, to a tenth.
        blur: Variance of the Laplacian of its grey levels, to three digits: the lower, the more blurred. Flat images
            have a low one as well. Source: Pech-Pacheco et al. (2000), "Diatom autofocusing in brightfield microscopy".
    """

    brightness: float
    blur: float


def appearance_of(pixels: NDArray[Any]) -> Appearance:
    """Measure an image, from bands of its rows.

    Args:
        pixels: Its pixels as OpenCV reads them, u8, shape (H, W), (H, W, 1) or (H, W, 3), blue first; of any other
            number of channels their mean is taken.

    >>> appearance_of(np.full((40, 40, 3), 100, np.uint8))
    Appearance(brightness=100.0, blur=0.0)
    """
    import cv2

    height, width = pixels.shape[:2]
    bands = height // _EVERY if height > _SMALL else 0
    rows = pixels[: bands * _EVERY].reshape(bands, _EVERY, *pixels.shape[1:])[:, :_ROWS] if bands else pixels[None]
    each = rows.shape[1]
    stacked = np.ascontiguousarray(rows).reshape(-1, width, *pixels.shape[2:])
    if stacked.ndim == 3 and stacked.shape[2] == 3:
        grey = cv2.cvtColor(stacked, cv2.COLOR_BGR2GRAY)
    else:
        grey = stacked if stacked.ndim == 2 else np.ascontiguousarray(stacked.mean(axis=2).astype(stacked.dtype))
    mean = cv2.mean(grey)[0]
    spread = 0.0
    if each > 2 and width > 2:
        # Where two bands meet, and at the sides, there is no Laplacian.
        edges = cv2.Laplacian(grey, cv2.CV_16S).reshape(-1, each, width)[:, 1:-1, 1:-1]
        spread = cv2.meanStdDev(np.ascontiguousarray(edges).reshape(-1, width - 2))[1].item() ** 2
    return Appearance(round(mean, 1), float(f"{spread:.3g}"))
