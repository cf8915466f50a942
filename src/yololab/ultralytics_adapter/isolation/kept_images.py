"""Images that a job has decoded and resized once: estimate, epochs, validations and evaluation look at the same ones.

What is kept is what Ultralytics' datasets make of a file before anything random happens to it, so that a training draws
the same numbers and sees the same pixels.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from yololab.ultralytics_adapter.isolation.decoded_images import file_state
from yololab.ultralytics_adapter.isolation.patching import replaced

# Of the memory that is free when a job begins, and at most; several jobs can run beside each other.
_SHARE, _MOST = 0.05, 2**30

# The resized pixels, and the sizes (height, width) before and after.
Loaded = tuple[Any, tuple[int, int], tuple[int, int]]


@dataclass
class Store:
    """Images by what they were made from.

    Attributes:
        room: Bytes that may still be kept.
    """

    room: int
    _kept: dict[tuple[Any, ...], Loaded] = field(default_factory=dict)

    def get(self, key: tuple[Any, ...]) -> Loaded | None:
        """Return an image, its pixels for the caller to change; None when it is not kept."""
        kept = self._kept.get(key)
        return None if kept is None else (kept[0].copy(), *kept[1:])

    def put(self, key: tuple[Any, ...], loaded: Loaded) -> None:
        """Keep an image while there is room."""
        if loaded[0].nbytes <= self.room and key not in self._kept:
            self.room -= loaded[0].nbytes
            self._kept[key] = (loaded[0].copy(), *loaded[1:])


_open: list[Store] = []


@contextmanager
def keeping_images() -> Iterator[None]:
    """Keep what is decoded within until leaving, as far as a part of the memory that is free now holds it."""
    import psutil

    store = Store(min(int(_SHARE * psutil.virtual_memory().available), _MOST))
    _open.append(store)
    try:
        yield
    finally:
        _open.remove(store)


@contextmanager
def kept_images() -> Iterator[None]:
    """Have Ultralytics' datasets take images that are kept, and keep those that they decode, within a job.

    Loader processes would each keep their own, and have cores of their own to decode: they keep none.
    """
    from torch.utils.data import get_worker_info
    from ultralytics.data.base import BaseDataset

    load: Callable[..., Loaded] = BaseDataset.load_image

    def load_image(data: Any, i: int, rect_mode: bool = True, resize_short: bool = False) -> Loaded:
        if not _open or data.ims[i] is not None or data.cache or get_worker_info() is not None:
            return load(data, i, rect_mode=rect_mode, resize_short=resize_short)
        file, store = data.im_files[i], _open[-1]
        key = (file, file_state(file), data.cv2_flag, repr(data.imgsz), rect_mode, resize_short)
        kept = store.get(key)
        if kept is None:
            loaded = load(data, i, rect_mode=rect_mode, resize_short=resize_short)
            store.put(key, loaded)
            return loaded
        if data.augment:
            _into_buffer(data, i, kept)
        return kept

    with replaced(BaseDataset, {"load_image": load_image}):
        yield


def _into_buffer(data: Any, index: int, loaded: Loaded) -> None:
    """Note an image as one of those that a mosaic is made of, as Ultralytics does when it has decoded one."""
    data.ims[index], data.im_hw0[index], data.im_hw[index] = loaded
    data.buffer.append(index)
    if 1 < len(data.buffer) >= data.max_buffer_length:
        oldest = data.buffer.pop(0)
        data.ims[oldest] = data.im_hw0[oldest] = data.im_hw[oldest] = None
