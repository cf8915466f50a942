"""What a comparison says of slices: by size, crowding, folder and the columns of a table."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from record_samples import records_of

from yololab.comparison.slices.slices import (
    Asked,
    absolute_slices,
    check_slices,
    slice_warning,
    slices_of_an_evaluation,
    slices_of_one,
    slices_of_two,
)
from yololab.errors import InputError
from yololab.statistics.inference.resampling import Units
from yololab.statistics.records.arrays import RecordsError, from_arrays, to_arrays
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.classification import ClassifiedImage, pack_classified

GOOD, BAD = records_of(0.95, seed=1, images=200), records_of(0.4, seed=2, images=200)


def compared(*names, current=BAD, folder=None):
    found = slices_of_two(current, GOOD, Units(GOOD.keys), Asked(names or None, folder=folder))
    json.dumps(found, allow_nan=False)
    return found


def test_crowding_is_usual_and_its_bounds_hold_every_image():
    found = compared()
    assert {row["property"] for row in found["rows"]} == {"crowding"}, "all objects of these are large"
    assert sum(row["images"] for row in found["rows"]) == 200
    assert found["tests"] == len(found["rows"]) == 3
    assert found["worse"] == [row["label"] for row in found["rows"]]
    assert not found["asked"]
    low, middle, high = (row["label"].partition(" (")[2] for row in found["rows"])
    above, up_to = found["rows"][1]["above"], found["rows"][1]["up_to"]
    assert (low, high) == (f"≤ {above:g})", f"> {up_to:g})")
    assert middle == (f"{above + 1:g} to {up_to:g})" if up_to > above + 1 else f"{up_to:g})")
    warning = slice_warning(found)
    assert warning.startswith("Worse than the baseline in crowding: few (≤ ")
    assert warning.endswith("corrected for 3 slices.")
    assert slice_warning(compared(current=GOOD)) is None
    assert slice_warning(None) is None


def test_a_table_gives_thirds_of_numbers_and_categories_of_words(tmp_path):
    lines = ["image,weather,lux"]
    for place, key in enumerate(GOOD.keys[5:]):
        lines.append(f"{key},{'hail' if place < 3 else 'fog' if place < 6 else 'sun'},{place}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    found = compared("table.csv:weather", "table.csv:lux", folder=tmp_path)
    names = {row["label"]: row for row in found["rows"]}
    assert list(names) == [
        "weather: sun",
        "weather: others",
        "lux: low (≤ 64)",
        "lux: middle (64 to 129)",
        "lux: high (> 129)",
    ]
    assert names["weather: others"]["insufficient"]
    assert names["weather: others"]["ci_low"] is None
    assert found["tests"] == 4
    assert found["said"] == [
        "weather: 2 rare values of fewer images are taken together.",
        "weather: 5 images without a value are in no slice.",
        "lux: 5 images without a value are in no slice.",
    ]
    with pytest.raises(InputError, match=r"evaluation\.slices, .*no column 'rain'"):
        compared("table.csv:rain", folder=tmp_path)
    assert absolute_slices(["size", "table.csv:lux"], tmp_path) == ["size", f"{tmp_path}/table.csv:lux"]
    assert absolute_slices(None, tmp_path) is None


def test_what_cannot_be_cut_is_said_where_it_was_asked_for():
    assert compared("folder", "size")["said"] == [
        "folder: there is one folder, or each is rare.",
        "size: all objects are of one size.",
    ]


def test_images_that_look_alike_are_no_slices():
    asked = Asked(("group",), "alike")
    assert slices_of_one(BAD, Units(BAD.keys), asked)["said"] == [
        "group: images that look alike are groups of a few, and no slices."
    ]


def test_one_model_is_held_against_the_rest_of_the_set():
    found = slices_of_one(BAD, Units(BAD.keys), Asked())
    json.dumps(found, allow_nan=False)
    for row in found["rows"]:
        assert row["delta"] == pytest.approx(row["value"] - row["rest"])
        assert row["value_low"] < row["value"] < row["value_high"]
    assert found["weak"] == [row["label"] for row in found["rows"] if row["finding"] == "weak"]


def test_classified_images_have_no_objects_but_tables_and_folders():
    rng, header = (
        np.random.default_rng(0),
        RecordsHeader(
            names={0: "cat", 1: "dog"}, task="classify", split="val", label_fingerprint="", protocol={}, ultralytics=""
        ),
    )
    day = [ClassifiedImage(f"day/{n:03}.jpg", 0, np.array([rng.random() < 0.1, 1]), 0.9) for n in range(60)]
    night = [ClassifiedImage(f"night/{n:03}.jpg", 0, np.array([rng.random() < 0.8, 1]), 0.9) for n in range(60)]
    records = pack_classified([*day, *night], header)
    assert slices_of_one(records, Units(records.keys), Asked()) is None
    found = slices_of_one(records, Units(records.keys), Asked(("folder", "crowding", "size")))
    assert found["weak"] == ["folder: night"]
    assert found["strong"] == ["folder: day"]
    assert found["rows"][0]["objects"] is None
    assert found["said"] == ["crowding: classify counts no objects.", "size: classify has no boxes, which have a size."]


def measured(records, seed=0):
    rng = np.random.default_rng(seed)
    values = {name: rng.uniform(0, 255, len(records.keys)).astype(np.float32) for name in ("brightness", "blur")}
    return replace(records, properties=values)


def test_what_was_measured_of_the_images_survives_the_file_and_is_cut_into_thirds():
    again = from_arrays(to_arrays(measured(GOOD)))
    assert np.array_equal(again.properties["blur"], measured(GOOD).properties["blur"])
    assert from_arrays(to_arrays(GOOD)).properties == {}
    for sides in ((measured(BAD), GOOD), (BAD, measured(GOOD)), (measured(BAD), measured(GOOD, 1))):
        found = slices_of_two(*sides, Units(GOOD.keys), Asked(("brightness", "blur")))
        names = [row["slice"] for row in found["rows"]]
        assert names == ["dark", "medium", "bright", "blurred", "medium", "sharp"]
        assert found["said"] == []
    damaged = to_arrays(measured(GOOD)) | {"image_blur": np.zeros(3, np.float32)}
    with pytest.raises(RecordsError, match=r"200 keys, but blur of shape \(3,\)"):
        from_arrays(damaged)


def test_records_that_know_nothing_of_the_images_say_what_measures_them():
    asked = Asked(("brightness",), remedy="yololab evaluate model=a.pt data=b.yaml")
    found = slices_of_two(BAD, GOOD, Units(GOOD.keys), asked)
    wanted = "brightness: these evaluations do not hold it; yololab evaluate model=a.pt data=b.yaml measures it."
    assert (found["rows"], found["said"]) == ([], [wanted])
    assert "brightness" not in str(compared()["said"]), "it was not asked for"


def test_an_evaluation_of_hours_does_not_fail_for_a_table_or_a_group(tmp_path):
    (tmp_path / "table.csv").write_text("image,weather\n")
    found = slices_of_an_evaluation(GOOD, Asked(("crowding", "table.csv:rain"), folder=tmp_path))
    assert found["rows"] == []
    assert "no column 'rain'" in found["said"][0]
    found = slices_of_an_evaluation(GOOD, Asked(group=r"film(\d+)"))
    assert found["unit"] == "images"
    assert found["said"][-1].startswith("images are taken as independent: 200 of 200 images have no group")
    for names in (("table.csv:rain",), ("gone.csv:rain",)):
        with pytest.raises(InputError):
            check_slices(Asked(names, folder=tmp_path))
    check_slices(Asked(("size", "table.csv:weather"), folder=tmp_path))
