"""Images of one split that look alike."""

from __future__ import annotations

import numpy as np
from PIL import Image

from yololab.data.checks import alike
from yololab.data.checks.alike import alike_images


def test_frames_of_one_scene_belong_together_and_what_cannot_be_read_to_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    images = {}
    for scene in range(3):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((160, 120), Image.BICUBIC)
        for frame in range(scene + 1):
            file = tmp_path / f"{scene}_{frame}.jpg"
            coarse.save(file, quality=90 - 20 * frame)
            images[file.name] = file
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    images |= {"broken.jpg": tmp_path / "broken.jpg", "gone.jpg": tmp_path / "gone.jpg"}
    assert alike_images(images, 32) == [["1_0.jpg", "1_1.jpg"], ["2_0.jpg", "2_1.jpg", "2_2.jpg"]]
    assert alike_images({}, 32) == []
    monkeypatch.setattr(alike, "MOST_IMAGES", 3)
    assert alike_images(images, 32) is None
