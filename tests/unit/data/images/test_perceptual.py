"""Images that look alike have hashes of few different bits."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from yololab.data.images.perceptual import HASH_BYTES, groups_within, nearest, perceptual_hash


def picture(width=160, height=120, seed=0) -> Image.Image:
    """Smooth blobs: something that survives JPEG."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind="JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = encoded(picture())


def bits(first: bytes | None, second: bytes | None) -> int:
    assert first is not None
    assert second is not None
    return bin(int.from_bytes(first) ^ int.from_bytes(second)).count("1")


def test_the_same_image_in_another_dress_is_near_and_another_one_is_far():
    original = picture(640, 480, seed=3)
    own = perceptual_hash(encoded(original), 640, 480)
    small = original.resize((480, 360))
    bright = original.point(lambda value: min(255, int(value * 1.1)))
    cropped = original.crop((6, 4, 634, 476))
    for dressed in (small, bright, cropped):
        assert bits(own, perceptual_hash(encoded(dressed, quality=60), *dressed.size)) <= 32
    assert bits(own, perceptual_hash(encoded(picture(640, 480, seed=4)), 640, 480)) > 64


def test_an_image_of_nothing_has_no_hash():
    assert perceptual_hash(encoded(Image.new("RGB", (200, 200), (7, 7, 7))), 200, 200) is None
    assert perceptual_hash(b"no image", 10, 10) is None


def test_nearest_is_that_of_brute_force():
    rng = np.random.default_rng(5)
    second = rng.integers(0, 256, (300, HASH_BYTES), dtype=np.uint8)
    first = np.concatenate([second[rng.integers(0, 300, 40)], rng.integers(0, 256, (60, HASH_BYTES), dtype=np.uint8)])
    for row in first[:40]:
        for bit in rng.integers(0, 256, rng.integers(0, 60)):
            row[bit // 8] ^= 1 << (bit % 8)
    indices, distances = nearest(first, second, 30)
    for row, index, distance in zip(first, indices, distances, strict=True):
        every = [bits(row.tobytes(), other.tobytes()) for other in second]
        if min(every) <= 30:
            assert every[index] == distance == min(every)
        else:
            assert index == -1
    assert (indices >= 0).sum() > 10
    assert len(nearest(first, second[:0], 30)[0]) == len(first)


def test_groups_are_chains_of_hashes_that_look_alike():
    """Each link of a chain differs in ten bits: its ends look nothing alike, and belong together all the same."""
    rng = np.random.default_rng(6)
    chain = [rng.integers(0, 256, HASH_BYTES, dtype=np.uint8)]
    for link in range(5):
        chain.append(chain[-1].copy())
        chain[-1][2 * link] ^= 255
        chain[-1][2 * link + 1] ^= 3
    others = rng.integers(0, 256, (700, HASH_BYTES), dtype=np.uint8)
    hashes = np.concatenate([others[:300], chain[:3], others[300:], chain[3:]])
    found = groups_within(hashes, 10)
    members = [300, 301, 302, 703, 704, 705]
    assert len(set(found[members].tolist())) == 1
    assert len(set(found.tolist())) == 701
    assert len(set(groups_within(hashes, 9).tolist())) == 706
    assert len(groups_within(hashes[:0], 9)) == 0
