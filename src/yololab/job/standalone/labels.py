"""Labels that may be wrong, from the records of an evaluation: what `yololab labels` does. It changes none of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.evidence import read_records
from yololab.comparison.folds.out_of_fold import SPLIT, out_of_fold
from yololab.comparison.run_reference import RunReference, read_reference
from yololab.config.nearest import nearest
from yololab.config.settings import setting
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder, write_text
from yololab.files.baseline import Baseline
from yololab.files.metrics import MetricsFile
from yololab.files.paths import OutputTree, ReviewFolder, SweepPaths
from yololab.files.predictions import PredictionsError
from yololab.job.standalone.detections import measured_by_coco
from yololab.report.appearance import Tone
from yololab.report.card import Card
from yololab.report.review.description import Description
from yololab.report.review.page import NAMES, Review, render_review
from yololab.report.review.seen import Seen
from yololab.report.review.suspicion import Suspicion
from yololab.report.run_files import load_run, run_of_metrics
from yololab.statistics.diagnosis.labels.suspects import Kind, Suspect, Suspicions, image_suspects, label_suspects
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords
from yololab.terminal.output import csv_text
from yololab.terminal.screen import shown_path
from yololab.text import counted, first_of, one_of, share

_ENOUGH = 0.5  # labels that a model has to be sure of to tell of the others


def _listed_in(where: str, value: Any) -> tuple[str, ...]:
    """Return the entries of a setting that may be a list."""
    texts = [str(word).strip() for word in (value if isinstance(value, (list, tuple)) else str(value).split(","))]
    if not all(texts):
        raise InputError(Problem(where, repr(value), "one word, or several: a,b"))
    return tuple(texts)


def _kinds(where: str, value: Any) -> tuple[str, ...]:
    """Return kinds of suspects."""
    texts = _listed_in(where, value)
    if strange := [word for word in texts if word not in [*Kind]]:
        raise InputError(Problem(where, repr(strange[0]), one_of(Kind)))
    return texts


@dataclass
class ReviewSettings:
    """What is listed.

    Attributes:
        limit: How many at most.
        kind: Of these kinds: missing, class, misplaced; null for all.
        class_: About these classes, as the label has it or as the model says; null for all.
        score: How likely a label has to be wrong.
        truth: The labels that a COCO results file is held against: an instances JSON or a data.yaml; null for a run.
        seen: Earlier lists, or their folders, whose labels were looked at: they are left out; null for none.
    """

    limit: int = setting(100, at_least=1, at_most=1_000_000)
    kind: Any = setting(None, reader=_kinds)
    class_: Any = setting(None, reader=_listed_in)
    score: float = setting(0.002, at_least=0, at_most=1)
    truth: str | None = None
    seen: Any = setting(None, reader=_listed_in)


@dataclass(frozen=True, repr=False)
class LabelReview:
    """What `labels` found.

    Attributes:
        folder: Where list.csv and its page lie.
        review: What is listed, and what to know of it.
    """

    folder: ReviewFolder
    review: Review

    @property
    def listed(self) -> Sequence[Suspicion]:
        """The labels that may be wrong, the most likely first."""
        return self.review.listed

    @property
    def expected(self) -> float:
        """How many of them are expected to be wrong."""
        return self.review.expected

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        review = self.review
        return {
            "folder": str(self.folder.path),
            "list": str(self.folder.table),
            "page": str(self.folder.report),
            "run": review.name,
            "split": review.split,
            "images": review.images,
            "labels": review.labels,
            "suspects": review.suspects,
            "expected": round(review.expected, 1),
            "weak": review.weak,
            "remarks": list(review.remarks),
            "listed": [item.to_row() for item in review.listed],
        }

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        review, listed = self.review, len(self.listed)
        numbers = {NAMES[kind]: str(sum(item.kind is kind for item in self.listed)) for kind in Kind}
        badge, tone = (f"{listed} to look at", Tone.WARN) if listed else ("no label stands out", Tone.GOOD)
        message = f"About {self.expected:.0f} of them are expected to be wrong." if listed else ""
        links = {"page": self.folder.report, "list": self.folder.table}
        return Card(f"Labels of {review.name}", badge, tone, message, numbers, links).html()

    def __repr__(self) -> str:
        """Return how many there are."""
        return f"<LabelReview {self.review.name}: {len(self.listed)} listed, about {self.expected:.0f} wrong>"


def review_labels(path: Path, settings: ReviewSettings, tree: OutputTree) -> LabelReview:
    """Rank the labels that an evaluation speaks against; write list.csv and a page of pictures.

    Args:
        path: A run, an evaluation, a baseline, a COCO results file, or a sweep over folds: its out-of-fold evaluation.
        settings: What is listed.
        tree: The project's results.

    Raises:
        InputError: It has not been evaluated, its records are gone, its task has no labels of objects or images, or
            `seen` names something else than lists.
    """
    path = _evaluation_in(path)
    reference = read_reference(str(path), tree.root)
    if settings.truth is not None and not reference.results:
        raise InputError(Problem("truth", repr(settings.truth), "nothing: a run knows its labels"))
    metrics = measured_by_coco(reference, settings.truth, tree) if reference.results else reference.measured()
    try:
        records = read_records(metrics, "run")
    except PredictionsError as error:
        raise InputError(Problem(str(path), str(error), "a run with its records", "yololab evaluate …")) from None
    found = _suspects(records, path)
    classes = None if settings.class_ is None else _named(settings.class_, records.names)
    root = _root(reference, metrics)
    truth = Path(str(metrics.content.get("truth") or ""))
    one_file = truth if truth.suffix.lower() == ".json" else None
    described, listed, held = Description(records, root, one_file), list[Suspicion](), 0
    seen = Seen([Path(text).expanduser() for text in settings.seen or ()])
    for item in (item for item in found.suspects if _is_wanted(item, records, settings, classes)):
        if len(listed) == settings.limit:
            break
        suspicion = described.of(item, len(listed) + 1)
        if seen.holds(suspicion):
            held += 1
        else:
            listed.append(suspicion)
    weak = found.known is not None and found.known < _ENOUGH
    remarks = [*([_weakness(found.known or 0.0)] if weak else []), *_remarks(records, listed, root, one_file)]
    if seen:
        remarks.append(f"{counted(held, 'label')} of an earlier list left out.")
    name = _name_of(reference)
    review = Review(
        name=name,
        split=records.split,
        images=len(records.keys),
        labels=len(records.truth_image) if isinstance(records, DetectionRecords) else len(records.keys),
        listed=listed,
        suspects=len(found.suspects),
        remarks=remarks,
        weak=weak or records.split == "train",
        root=root,
        table=ReviewFolder(tree.labels).table.name,
    )

    def fill(hidden: Path, _place: Path) -> None:
        folder = ReviewFolder(hidden)
        write_text(folder.table, csv_text([_cells(item) for item in listed], _COLUMNS))
        write_text(folder.report, render_review(review))

    return LabelReview(ReviewFolder(new_named_folder(tree.labels, name, fill)), review)


_COLUMNS = (
    *("rank", "image", "label_file", "line", "kind", "score", "class_given", "class_suggested", "box_given_px"),
    *("box_given", "box_suggested_px", "box_suggested", "row_suggested", "confidence", "why"),
)


def _name_of(reference: RunReference) -> str:
    """Return what the list is called by: the run, a trial with its sweep, a baseline by its dataset."""
    path = reference.path
    if reference.results:
        return path.stem
    if path.is_file():
        run = run_of_metrics(path)
        path = run.path if run is not None else path.parent
    if Baseline(path).exists():
        return path.parent.name
    sweep = SweepPaths(path.parent.parent)
    if sweep.out_of_fold == path.parent:
        return sweep.path.name
    return f"{path.parent.name}_{path.name}" if path.name.isdigit() else path.name


def _cells(item: Suspicion) -> dict[str, Any]:
    """Return a row of the list: a box with spaces between its numbers, as in a label file."""
    row = item.to_row().items()
    return {name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in row}


def _evaluation_in(path: Path) -> Path:
    """Return the out-of-fold evaluation of a sweep over folds; anything else as it is.

    Raises:
        InputError: There are several, each of another recipe or seed.
    """
    found = out_of_fold(path) if path.is_dir() else []
    if len(found) > 1:
        places = first_of((shown_path(one.run.path) for one in found), 8)
        raise InputError(
            Problem(str(path), f"{len(found)} recipes over its folds", "one of them", f"name one: {places}")
        )
    return found[0].run.path if found else path


def _suspects(records: Records, path: Path) -> Suspicions:
    """Return the suspects of an evaluation.

    Raises:
        InputError: The labels of its task are neither boxes nor classes.
    """
    if isinstance(records, DetectionRecords):
        return label_suspects(records)
    if isinstance(records, ClassifyRecords):
        return image_suspects(records)
    found = f"a run of {records.task}, whose labels are pixels: its records do not say which of them are wrong"
    raise InputError(Problem(str(path), found, "a run of detect, segment, pose, obb or classify"))


def _named(texts: Sequence[str], names: Mapping[int, str]) -> set[int]:
    """Return the classes of some names or numbers.

    Raises:
        InputError: There is no such class.
    """
    known = {name: index for index, name in names.items()} | {str(index): index for index in names}
    strange = [word for word in texts if word not in known]
    if strange:
        close = nearest(strange[0], list(known))
        remedy = f"did you mean {' or '.join(close)}?" if close else ""
        raise InputError(Problem("class", repr(strange[0]), one_of(names.values()), remedy))
    return {known[word] for word in texts}


def _is_wanted(item: Suspect, records: Records, settings: ReviewSettings, classes: set[int] | None) -> bool:
    """Return whether a suspect is asked for."""
    if item.score < settings.score or (settings.kind is not None and item.kind not in settings.kind):
        return False
    return classes is None or not classes.isdisjoint(_classes_of(item, records))


def _classes_of(item: Suspect, records: Records) -> set[int]:
    """Return the classes that a suspect is about: as the label has it, and as the model says."""
    if isinstance(records, DetectionRecords):
        given = [] if item.label is None else [int(records.truth_class[item.label])]
        return {int(records.classes[item.detection]), *given}
    assert isinstance(records, ClassifyRecords)
    return {int(records.predicted[item.image, 0]), int(records.target[item.image])}


def _root(reference: RunReference, metrics: MetricsFile) -> Path | None:
    """Return the folder of the dataset wherever it lies by now; None when it is gone."""
    recorded = metrics.content.get("dataset_root")
    if reference.path.is_dir():
        try:
            return load_run(reference.path).images_in(recorded)
        except InputError:
            pass  # a baseline, or an evaluation alone
    return Path(recorded) if recorded and Path(recorded).is_dir() else None


def _weakness(known: float) -> str:
    """Return why a list is weak, and what helps."""
    return (
        f"A weak list: the model is sure of {share(known)} of the labels, and cannot tell of the others. One that was "
        "trained longer, or on more images, tells more."
    )


def _remarks(records: Records, listed: Sequence[Suspicion], root: Path | None, file: Path | None) -> list[str]:
    """Return what a reader should know of a list."""
    remarks = []
    if records.split == "train":
        remarks.append("The model was trained on these labels, and has learned their errors: it repeats many of them.")
    elif records.split == SPLIT:
        remarks.append("Every image of the folds was looked at by the model that was not trained on it.")
    elif records.split:
        remarks.append(f"Only labels of the {records.split} split were looked at, which this model was not trained on.")
    else:
        remarks.append("Of images that the model was trained on, the list tells little: it repeats their errors.")
    if records.protocol.get("single_cls") or len(records.names) == 1:
        remarks.append("There is one class: wrong classes are not looked for.")
    if isinstance(records, DetectionRecords) and not records.truth_is_whole:
        remarks.append("Boxes decide: outlines and keypoints are not judged.")
    in_lines = root is not None and file is None
    changed = [item for item in listed if in_lines and item.line is None and item.box_given is not None]
    if changed:
        remarks.append(
            f"{counted(len(changed), 'label')} of the list cannot be found in the label files: they have changed since."
        )
    if root is None:
        remarks.append("The dataset is not where it was: no lines, and no pictures.")
    return remarks
