"""Which two things are compared when a user names one, two, or groups."""

from __future__ import annotations

import json

import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.comparison.result import read_comparison, write_comparison
from yololab.comparison.run_reference import read_reference
from yololab.comparison.sides import compare_sides, dataset_of
from yololab.config.schema import BaselineConfig, Gate, GuardsConfig
from yololab.errors import InputError
from yololab.files.baseline import baseline_of, promote
from yololab.files.looks import Look
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status


def never(reference, other):
    if reference.metrics is not None:
        return reference.metrics
    raise AssertionError(f"{reference.path} was measured")


def run_of(root, name: str, found: float, **config) -> RunFolder:
    folder = RunFolder(root / "outputs/training" / name)
    write_evaluation(folder.path, records_of(found, seed=len(name)))
    record = Record(folder)
    record.begin({"task": "detect", "dataset": {"name": "animals", "source": "a.yaml"}, "config": config})
    record.finish(Status.COMPLETE)
    return folder


def plain_folder(root) -> RunFolder:
    """A folder of Ultralytics' own, which nobody has measured yet."""
    folder = RunFolder(root / "runs/train")
    folder.weights.mkdir(parents=True)
    folder.best.write_bytes(b"x")
    folder.args.write_text("data: a.yaml\n")
    return folder


def compare(root, *names: str, settings: BaselineConfig | None = None, measure=never, **how):
    settings = settings or BaselineConfig(guards=GuardsConfig())
    return compare_sides(names, settings, OutputTree(root), root, measure, **how)


def test_two_runs(tmp_path):
    good, bad = run_of(tmp_path, "good", 0.95), run_of(tmp_path, "worse", 0.3)
    assert compare(tmp_path, str(good.path), str(bad.path)).verdict == "IMPROVED"


def test_one_run_meets_the_promoted_baseline_of_its_dataset(tmp_path):
    good, bad = run_of(tmp_path, "good", 0.95), run_of(tmp_path, "worse", 0.3)
    with pytest.raises(InputError, match="no baseline of this dataset and task"):
        compare(tmp_path, str(bad.path))
    metrics = read_metrics(good.metrics)
    baseline = baseline_of(OutputTree(tmp_path), "animals", "detect", metrics.fingerprint)
    promote(baseline, metrics, good.predictions, good.path)
    assert compare(tmp_path, str(bad.path)).verdict == "DEGRADED"


def test_a_plain_folder_is_measured_under_the_other_sides_protocol(tmp_path):
    ours = run_of(tmp_path, "ours", 0.95)
    plain = plain_folder(tmp_path)
    asked = []

    def measure(reference, other):
        if reference.metrics is not None:
            return reference.metrics
        asked.append((reference.path, other.path))
        return read_metrics(write_evaluation(tmp_path / "measured", records_of(0.3, seed=9)))

    assert compare(tmp_path, str(plain.path), str(ours.path), measure=measure).verdict == "DEGRADED"
    assert asked == [(plain.path, ours.path)]


def test_guards_are_not_held_against_groups(tmp_path):
    for arm, found in (("a", 0.9), ("b", 0.4)):
        for seed in range(3):
            run_of(tmp_path, f"{arm}_{'x' * seed}", found, seed=seed, lr0=found)
    settings = BaselineConfig(guards=GuardsConfig(recall=0.5))
    found = compare(tmp_path, "outputs/training/a_*", "outputs/training/b_*", settings=settings)
    assert any("guards" in warning for warning in found.warnings)
    with pytest.raises(InputError, match="one run, or two groups"):
        compare(tmp_path, "outputs/training/a_*")


def test_the_name_of_a_dataset_comes_from_the_record_or_from_the_data(tmp_path):
    run = run_of(tmp_path, "run", 0.5)
    reference = read_reference(str(run.path), tmp_path)
    assert dataset_of(reference, read_metrics(run.metrics)) == "animals"
    content = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps(content | {"data": str(tmp_path / "pets" / "data.yaml")}))
    plain = read_reference(str(run.metrics), tmp_path)
    assert dataset_of(plain, read_metrics(run.metrics)) == "pets"


def test_a_baseline_of_other_images_is_named(tmp_path):
    run = run_of(tmp_path, "run", 0.5)
    other = baseline_of(OutputTree(tmp_path), "animals", "detect", "0" * 64)
    promote(other, read_metrics(run.metrics), None, run.path)
    with pytest.raises(InputError, match=f"{other.path} is of other images or labels of it"):
        compare(tmp_path, str(run.path))


def test_several_arms_meet_the_last_one(tmp_path):
    for name, found in (("good", 0.95), ("alike", 0.31), ("worse", 0.3)):
        run_of(tmp_path, name, found)
    names = [str(tmp_path / "outputs/training" / name) for name in ("good", "alike", "worse")]
    told = []
    together = compare(tmp_path, *names, tell=lambda *words: told.append(words))
    steps = ("reading the records", "resampling the images", "looking for what stands behind it")
    assert [words[0] for words in told] == [f"{arm} of 2: {step}" for arm in (1, 2) for step in steps]
    assert [arm.name for arm in together.arms] == names[:2]
    assert together.arms[0].comparison.verdict == together.verdict == "IMPROVED"
    alone = [compare(tmp_path, name, names[-1]) for name in names[:2]]
    p = sorted(found.primary.p for found in alone)
    assert sorted(arm.p_adjusted for arm in together.arms) == pytest.approx([min(1, 2 * p[0]), max(2 * p[0], p[1])])


def test_a_plain_baseline_of_several_arms_is_measured_once(tmp_path):
    arms = [run_of(tmp_path, name, 0.9) for name in ("one", "three")]
    plain = plain_folder(tmp_path)
    asked = []

    def measure(reference, other):
        if reference.metrics is not None:
            return reference.metrics
        asked.append(reference.path)
        return read_metrics(arms[0].metrics)

    together = compare(tmp_path, *(str(arm.path) for arm in arms), str(plain.path), measure=measure)
    assert asked == [plain.path]
    assert len(together.arms) == 2


def test_arms_that_differ_in_the_seed_alone_are_one_recipe(tmp_path):
    for seed in (0, 1):
        folder = run_of(tmp_path, f"seed{seed}", 0.9)
        Record(folder).update(requested_config={"lr0": 0.01, "seed": seed})
    Record(run_of(tmp_path, "other", 0.9)).update(requested_config={"lr0": 0.02, "seed": 0})
    names = [str(tmp_path / "outputs/training" / name) for name in ("seed0", "seed1", "other")]
    with pytest.raises(InputError, match="differ in nothing but the seed"):
        compare(tmp_path, *names)


@pytest.mark.heavy
def test_a_series_of_looks_claims_less_each_and_ends(tmp_path):
    base = run_of(tmp_path, "base", 0.6)
    metrics = read_metrics(base.metrics)
    baseline = baseline_of(OutputTree(tmp_path), "animals", "detect", metrics.fingerprint)
    promote(baseline, metrics, base.predictions, base.path)
    candidate, other = (str(run_of(tmp_path, name, found).path) for name, found in (("better", 0.95), ("worse", 0.3)))
    alone = compare(tmp_path, candidate)
    assert alone.verdict == "IMPROVED"
    assert alone.look is None
    series = BaselineConfig(guards=GuardsConfig(), looks=2)
    first = compare(tmp_path, candidate, settings=series)
    assert (first.look.number, first.look.alpha, first.verdict) == (1, 0.025, "IMPROVED")
    assert compare(tmp_path, candidate, settings=series).look == first.look
    assert compare(tmp_path, other, candidate, settings=series).look is None  # a named pair keeps 0.05
    assert compare(tmp_path, other, settings=series).look.number == 2
    with pytest.raises(InputError, match="all looks at version"):
        compare(tmp_path, str(run_of(tmp_path, "third", 0.9).path), settings=series)
    assert compare(tmp_path, candidate, settings=series).look.number == 1


@pytest.mark.heavy
def test_a_claim_that_the_series_does_not_allow_is_none(tmp_path):
    base, candidate = run_of(tmp_path, "base", 0.6), run_of(tmp_path, "better", 0.75)
    sides = read_metrics(candidate.metrics), read_metrics(base.metrics)
    found = {alpha: compare_metrics(*sides, 0.01, look=Look(3, 20, alpha)) for alpha in (0.02, 2e-3, 0)}
    assert found[0.02].verdict == "IMPROVED"
    assert {str(found[alpha].verdict) for alpha in (2e-3, 0)} == {str(found[0.02].otherwise)}
    assert "Look 3 of 20" in found[2e-3].text
    assert "nothing more is claimed" in found[0].text
    write_comparison(tmp_path / "comparison.json", found[0], Gate.DEGRADED)
    assert not read_comparison(tmp_path / "comparison.json").passes(Gate.DEGRADED)
    # Bare numbers know no α that a series could share.
    bare = MetricsFile(tmp_path / "x/metrics.json", sides[0].content), sides[1]
    assert compare_metrics(*bare, 0.01, look=Look(3, 20, 1e-3)).verdict == "INCONCLUSIVE"
