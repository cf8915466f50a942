"""Which files Ultralytics takes for images."""

IMAGE_SUFFIXES = frozenset(
    {"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"}
)


def is_image_name(name: str) -> bool:
    """Return whether Ultralytics takes a file of this name for an image (any case of the suffix)."""
    return name.rpartition(".")[2].lower() in IMAGE_SUFFIXES
