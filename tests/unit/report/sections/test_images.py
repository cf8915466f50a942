"""The images that made the difference, as the page draws them."""

from __future__ import annotations

from report_samples import complete_run, html_of, tables_in

from yololab.report.run_files import load_run
from yololab.report.sections.images import images


def test_each_image_has_its_labels_and_both_models(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    (_, picture, (labels, baseline, current)), (_, gone, _) = images(run)["images"]
    assert (bool(picture), gone) == (True, None)
    html = html_of("Images that made the difference", run)
    assert html.index('class="better"') < html.index('class="worse"') < html.index("the image file is not there")
    assert labels.count("outline found") == 2
    assert baseline.count("outline missed") == 1
    assert baseline.count("outline false") == 1
    assert current.count("outline missed") == current.count("outline false") == 0
    assert "(baseline 0.28, current 0.31)" in html


def test_boxes_that_are_none_are_left_out(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    row = run.comparison["image_changes"]["images"][0]
    row["truth"][0]["box"] = [1, 2, None, 4]
    row["truth"][1]["box"] = "40 30 200 180"
    assert "outline" not in images(run)["images"][0][2][0]


def test_an_image_without_a_size_is_left_out(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    for row in run.comparison["image_changes"]["images"]:
        row["size"] = None
    assert images(run) is None


def test_images_with_a_value_of_their_own(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    rows = [
        {"image": "a.png", "gain": 0.5, "truth": "cat", "baseline": {"said": "dog"}, "current": {"said": "cat"}},
        {"image": "b.png", "gain": -0.1, "baseline": {"value": 0.9}, "current": {"value": 0.8}},
    ]
    run.comparison["image_changes"] = {"metric": "top1", "images": rows}
    html = html_of("Images that made the difference", run)
    assert "whose top1 changed most" in html
    assert tables_in(html)[0][1:] == [
        ["a.png", "cat", "dog", "cat", "better"],
        ["b.png", "—", "0.9000", "0.8000", "worse"],
    ]
