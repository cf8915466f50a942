"""How many of 50 wrong labels are among the first 100 suspects of `yololab labels`; run on demand.

    python tests/benchmarks/labels.py --bccd path/to/bccd --work DIR   # labels.json and the guide; 45 min of a core
    python tests/benchmarks/labels.py --work DIR                       # the built-in shapes alone
    python tests/benchmarks/labels.py … --only-train bccd              # a part; Ctrl-C, and the same line goes on

DIR keeps what is done: each training from its last epoch on, each planting. A model is trained on a split into which
errors were planted at the rate at which they are planted into the evaluated one, without looking at that (val=false);
that one has 50 of them: a third of the labels missing, a third of another class, a third shifted by 15 to 35 % of their
sides each way. For each of several plantings the model is evaluated on the wrong labels (`yololab evaluate`) and the
suspects are listed (`yololab.labels`). An error is found when one of the first 100 names its file and line, or shows
the missing label (its class, IoU 0.5). Beside it: all suspects in random order (what it finds on average); ObjectLab's
scores of each box (`pip install cleanlab`) at its default thresholds of confidence and at lower ones, merged by score
and taking turns among its three kinds, the best of the four; and the candidates of hotcoco (`pip install hotcoco`) at
confidences of 0.5 and 0.1, the better of the two. null where one is missing.

BCCD's published labels lack many cells. Of the first 192 suspects of an earlier model on them, those that a look at the
picture left no doubt about are in labels_bccd.csv (all are missing labels). `bccd, published` leaves these labels out,
so that its own errors compete with the planted ones: how many of them are in the list is counted (`own`), and how many
planted ones are among the first 100 that are not its own (`found_beside_own`). `bccd, mended` adds them before errors
are planted. The model that is ranked here is another one than that whose suspects were looked at.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from yololab import labels
from yololab.comparison.evidence import load_records
from yololab.data.labels.label_lines import label_line, rows_of_file
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.host.processor import processor_name
from yololab.statistics.diagnosis.labels.suspects import label_suspects
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.detections import DetectionRecords

HERE = Path(__file__).parent
RESULT, MENDED = HERE / "labels.json", HERE / "labels_bccd.csv"
LOOKED_AT = 192
ERRORS, FIRST = 50, 100
CASES = ("shapes", "bccd, published", "bccd, mended")
KINDS = ("missing", "class", "misplaced")
SHIFT = (0.15, 0.35)
SHAPES = ShapesSpec(seed=7, image_size=160, train=512, val=300, test=0)
COMMON = ["model=yolo26n", "model.pretrained=false", "hparams=demo", "device=cpu", "approval=auto", "export=none"]
COMMON += ["seed=1", "device.threads=1", "check.near_duplicates=false", "val=false", "plots=false"]
TRAINING = {"shapes": [*COMMON, "imgsz=160"], "bccd": [*COMMON, "epochs=40", "imgsz=320", "batch=8", "nbs=8"]}
GUIDE = HERE.parents[1] / "docs/guides/labels.md"
HEADER = "| | mAP50 | on average | at least | ObjectLab | hotcoco | random order |\n| --- |" + " --: |" * 6 + "\n"
BCCD_SIZE = 640, 480


@dataclass(frozen=True)
class Error:
    """A planted error: the image, its line (0 for a missing label), what it is, true class and box (normalised)."""

    image: str
    line: int
    kind: str
    true_class: int
    true_box: tuple[float, float, float, float]


def plant(labels: Path, count: int, rng: np.random.Generator, classes: int) -> list[Error]:
    """Plant errors into the label files of a folder, each into another row, and return them."""
    rows = [
        (file, number, row.split())
        for file in sorted(labels.glob("*.txt"))
        for number, row in enumerate(file.read_text().splitlines())
        if row.strip()
    ]
    errors: list[Error] = []
    changed: dict[Path, dict[int, str]] = {}
    for place, chosen in enumerate(rng.choice(len(rows), count, replace=False)):
        file, number, cells = rows[chosen]
        kind, own = KINDS[place % len(KINDS)], int(cells[0])
        x, y, width, height = map(float, cells[1:5])
        written = ""
        if kind == "class":
            other = rng.choice([index for index in range(classes) if index != own])
            written = f"{other} {x} {y} {width} {height}"
        elif kind == "misplaced":
            shifts = (rng.uniform(*SHIFT, 2) * (width, height)).tolist()
            signs = [
                1 if at + size / 2 + by <= 1 else -1 for at, size, by in ((x, width, shifts[0]), (y, height, shifts[1]))
            ]
            if x - width / 2 - shifts[0] >= 0 and rng.random() < 0.5:
                signs[0] = -1
            if y - height / 2 - shifts[1] >= 0 and rng.random() < 0.5:
                signs[1] = -1
            written = f"{own} {x + signs[0] * shifts[0]:.6f} {y + signs[1] * shifts[1]:.6f} {width} {height}"
        changed.setdefault(file, {})[number] = written
        errors.append(Error(file.stem, number + 1, kind, own, (x, y, width, height)))
    lines: dict[tuple[str, int], int] = {}
    for file, new in changed.items():
        kept = [(number, new.get(number, row)) for number, row in enumerate(file.read_text().splitlines())]
        kept = [(number, row) for number, row in kept if row]
        lines |= {(file.stem, number + 1): line for line, (number, _) in enumerate(kept, start=1)}
        file.write_text("\n".join(row for _, row in kept) + "\n")
    return [replace(error, line=lines.get((error.image, error.line), 0)) for error in errors]


def rows_in(labels: Path) -> int:
    """Return how many labels the files of a folder have."""
    return sum(len(file.read_text().splitlines()) for file in labels.glob("*.txt"))


def prepare(name: str, source: Path, work: Path) -> Path:
    """Copy a dataset and plant errors into its training split; return the data.yaml of the copy."""
    target = work / name / "data"
    if not target.exists():
        scratch = target.with_name("copying")
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(source, scratch)
        rng = np.random.default_rng(0)
        labels, rows = scratch / "train/labels", rows_in(scratch / "val/labels")
        rate = round(ERRORS * rows_in(labels) / rows)
        plant(scratch / "val/labels", ERRORS, rng, 3)
        plant(labels, rate, rng, 3)
        scratch.rename(target)
    return target / "data.yaml"


def yololab(project: Path, *arguments: str) -> None:
    """Run a command in a project folder; one that is interrupted is given the time to keep what it has."""
    project.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "yololab", *arguments]
    with subprocess.Popen(command, cwd=project, stdin=subprocess.DEVNULL) as process:
        try:
            process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
    if process.returncode:
        raise SystemExit(f"yololab {' '.join(arguments)}: exit code {process.returncode}")


def train(name: str, data: Path, work: Path) -> Path:
    """Train on the planted split, or go on with it; return the run."""
    project = work / name / "project"
    run = project / "outputs/training/latest"
    if not (run / "evaluation/metrics.json").is_file():
        if (run / "experiment_log.json").is_file():
            yololab(project, "resume", str(run.resolve()), "approval=auto")
        else:
            yololab(project, f"data={data}", *TRAINING[name], f"name={name}")
    return run.resolve()


def planted_split(name: str, source: Path, work: Path, seed: int, mended: bool) -> tuple[Path, list[Error]]:
    """Copy the evaluated split with its own labels, mend and plant; return the data.yaml and the errors."""
    target = work / name / f"val_{seed}{'_mended' * mended}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source / "val/images", target / "val/images", copy_function=os.link)
    shutil.copytree(source / "val/labels", target / "val/labels")
    for error in own_errors() if mended else ():
        with (target / "val/labels" / error.image).with_suffix(".txt").open("a") as file:
            file.write(" ".join([str(error.true_class), *(f"{value:.6f}" for value in error.true_box)]) + "\n")
    errors = plant(target / "val/labels", ERRORS, np.random.default_rng(seed), 3)
    names = [
        line
        for line in (source / "data.yaml").read_text().splitlines()
        if not line.startswith(("train", "val", "test"))
    ]
    (target / "data.yaml").write_text("\n".join(["train: val/images", "val: val/images", *names]) + "\n")
    return target / "data.yaml", errors


def own_errors() -> list[Error]:
    """Return the labels that BCCD lacks by a look at its pictures."""
    errors = []
    for row in csv.DictReader(MENDED.open()):
        x1, y1, x2, y2 = (int(row[key]) for key in ("x1", "y1", "x2", "y2"))
        width, height = BCCD_SIZE
        box = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
        errors.append(Error(Path(row["image"]).stem, 0, "missing", int(row["class"]), box))
    return errors


def found_in(rows: list[dict[str, Any]], errors: list[Error], names: list[str]) -> set[int]:
    """Return which errors are among rows of a list: image, line or None, class and box (normalised) of each."""
    hits = set()
    for row in rows:
        for number, error in enumerate(errors):
            if error.image != Path(row["image"]).stem:
                continue
            if error.line:
                hits |= {number} if row["line"] == error.line else set()
            elif row["line"] is None and row["class_suggested"] == names[error.true_class]:
                both = (corners(np.array([box])) for box in (error.true_box, row["box_suggested"]))
                hits |= {number} if overlaps(*both)[0, 0] >= 0.5 else set()
    return hits


def corners(boxes: np.ndarray) -> np.ndarray:
    """Return boxes as their corners, from center and size."""
    return np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])


def objectlab(
    records: DetectionRecords, low: float | None, high: float | None
) -> dict[str, list[dict[str, Any]]] | None:
    """Return all boxes in the order of cleanlab's scores, merged and taking turns; None without cleanlab."""
    try:
        from cleanlab.object_detection import rank
    except ImportError:
        return None
    truths, predictions = [], []
    order: list[np.ndarray] = []
    for detections, truth in records.images():
        places = np.arange(detections.start, detections.stop)
        by_class = [places[records.classes[places] == index] for index in sorted(records.names)]
        order.append(np.concatenate(by_class))
        rows = [np.hstack([records.boxes[part], records.confidence[part, None]]) for part in by_class]
        predictions.append(np.array([*rows, None], dtype=object)[:-1])
        truths.append({"bboxes": records.truth_boxes[truth], "labels": records.truth_class[truth].astype(int)})
    both: dict[str, Any] = {"labels": truths, "predictions": predictions}
    thresholds = {} if low is None else {"low_probability_threshold": low}
    scores = {
        "missing": rank.compute_overlooked_box_scores(**both, high_probability_threshold=high),
        "misplaced": rank.compute_badloc_box_scores(**both, **thresholds),
        "class": rank.compute_swap_box_scores(**both, high_probability_threshold=high),
    }
    boxes: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    for kind, of_images in scores.items():
        listed = []
        for in_order, values, (_, truth) in zip(order, of_images, records.images(), strict=True):
            for index, value in enumerate(np.atleast_1d(values)):
                if not np.isnan(value):
                    missing = kind == "missing"
                    at = row_of(
                        records, None if missing else truth.start + index, int(in_order[index]) if missing else -1
                    )
                    listed.append((float(value), at))
        boxes[kind] = sorted(listed, key=lambda item: item[0])
    merged = [
        row for _, row in sorted((item for listed in boxes.values() for item in listed), key=lambda item: item[0])
    ]
    longest = max(map(len, boxes.values()))
    turns = [listed[place][1] for place in range(longest) for listed in boxes.values() if place < len(listed)]
    return {"merged": merged, "turns": turns}


def hotcoco(records: DetectionRecords) -> list[list[dict[str, Any]]]:
    """Return hotcoco's candidates, the most confident first, from two confidences on; none without hotcoco."""
    try:
        from hotcoco import COCO, COCOeval
    except ImportError:
        return []

    def row(image: int, index: int, box: np.ndarray) -> dict[str, Any]:
        x1, y1, x2, y2 = map(float, box)
        return {"image_id": image + 1, "category_id": index + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}

    images = [
        {"id": place, "file_name": key, "width": int(width), "height": int(height)}
        for place, (key, (width, height)) in enumerate(zip(records.keys, records.sizes, strict=True), start=1)
    ]
    labels = zip(records.truth_image.tolist(), records.truth_class.tolist(), records.truth_boxes, strict=True)
    truth = [row(*label) | {"id": place, "iscrowd": 0} for place, label in enumerate(labels, start=1)]
    truth = [label | {"area": label["bbox"][2] * label["bbox"][3]} for label in truth]
    categories = [{"id": index + 1, "name": name} for index, name in records.names.items()]
    found = zip(records.image.tolist(), records.classes.tolist(), records.boxes, strict=True)
    results = [
        row(*one) | {"score": float(score)} for one, score in zip(found, records.confidence.tolist(), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        at, theirs = Path(folder) / "truth.json", Path(folder) / "results.json"
        at.write_text(json.dumps({"images": images, "annotations": truth, "categories": categories}))
        theirs.write_text(json.dumps(results))
        labelled = COCO(str(at))
        evaluation = COCOeval(labelled, labelled.load_res(str(theirs)), "bbox")
        evaluation.evaluate()
    orders = []
    for confidence in (0.5, 0.1):
        errors = evaluation.image_diagnostics(iou_thr=0.5, score_thr=confidence)["label_errors"]
        # detections have the numbers of their places in the results, from 1
        places = ((error["gt_id"], error["dt_id"] - 1) for error in errors)
        orders.append([row_of(records, None if label is None else label - 1, at) for label, at in places])
    return orders


def row_of(records: DetectionRecords, label: int | None, place: int) -> dict[str, Any]:
    """Return a label, or a detection where there is none, as a row of a list without its line."""
    if label is not None:
        image = int(records.truth_image[label])
        return {"image": records.keys[image], "label": label, "line": 0}
    image = int(records.image[place])
    x1, y1, x2, y2 = records.boxes[place] / np.tile(records.sizes[image], 2)
    box = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
    said = records.names[int(records.classes[place])]
    return {"image": records.keys[image], "line": None, "class_suggested": said, "box_suggested": box}


def with_lines(rows: list[dict[str, Any]], records: DetectionRecords, data: Path) -> list[dict[str, Any]]:
    """Give labels that were named by their place the line of their file, by class and box."""
    for row in rows:
        if "label" in row:
            place = row["label"]
            size = tuple(records.sizes[records.truth_image[place]].tolist())
            file = (data.parent / row["image"].replace("images/", "labels/")).with_suffix(".txt")
            box = records.truth_boxes[place].tolist()
            row["line"] = label_line(rows_of_file(file, "detect"), int(records.truth_class[place]), box, size)
    return rows


def measure(name: str, source: Path, work: Path, best: Path, seeds: list[int], mended: bool) -> dict[str, Any]:
    """Plant, evaluate and list with each seed; a seed that is measured already is read."""
    found = []
    for seed in seeds:
        file = work / name / f"measured_{seed}{'_mended' * mended}.json"
        if not file.is_file():
            file.write_text(json.dumps(one_planting(name, source, work, best, seed, mended)))
        found.append(json.loads(file.read_text()))
        print(name, "mended" * mended, found[-1], flush=True)
    return {
        "commit": commit(),
        "date": date.today().isoformat(),
        "training": " ".join(TRAINING[name]),
        "mAP50": round(float(np.mean([item["mAP50"] for item in found])), 3),
        "labels": found[0]["labels"],
        "least_found": min(item["found"] for item in found),
        **{f"mean_{what}": mean_of(found, what) for what in ("found", "random", "objectlab", "hotcoco", *OWN)},
        "plantings": found,
    }


OWN = ("own", "found_beside_own")


def mean_of(found: list[dict[str, Any]], what: str) -> float | None:
    """Return the mean of a number over plantings; None where it was not measured."""
    values = [item[what] for item in found if item[what] is not None]
    return round(float(np.mean(values)), 1) if values else None


def one_planting(name: str, source: Path, work: Path, best: Path, seed: int, mended: bool) -> dict[str, Any]:
    """Plant with a seed, evaluate and list; return what was found, and by others."""
    project = work / name / "project"
    data, errors = planted_split(name, source, work, seed, mended)
    imgsz = [option for option in TRAINING[name] if option.startswith("imgsz")]
    yololab(
        project,
        "evaluate",
        f"model={best}",
        f"data={data}",
        *imgsz,
        "device=cpu",
        "evaluation.plots=false",
        "evaluation.slices=[]",
    )
    newest = max((project / "outputs/evaluation").glob("best_*"), key=lambda path: path.stat().st_mtime)
    records = load_records(newest / "predictions.npz")
    assert isinstance(records, DetectionRecords)
    names = [records.names[index] for index in sorted(records.names)]
    os.chdir(project)
    more = [item.to_row() for item in labels(newest / "metrics.json", limit=FIRST + LOOKED_AT, score=0).listed]
    rows = more[:FIRST]
    hits = found_in(rows, errors, names)
    own, beside = None, None
    if name == "bccd" and not mended:
        lacking = own_errors()
        own = len(found_in(rows, lacking, names))
        others = [row for row in more if not found_in([row], lacking, names)][:FIRST]
        beside = len(found_in(others, errors, names))
    suspects = label_suspects(records).suspects
    everything = with_lines([row_of(records, item.label, item.detection) for item in suspects], records, data)
    anywhere = found_in(everything, errors, names)
    of_cleanlab = [
        order for low, high in ((None, None), (0.2, 0.5)) for order in (objectlab(records, low, high) or {}).values()
    ]

    def best(orders: list[list[dict[str, Any]]]) -> int | None:
        found = [len(found_in(with_lines(order[:FIRST], records, data), errors, names)) for order in orders]
        return max(found, default=None)

    return {
        "seed": seed,
        "mAP50": round(json.loads((newest / "metrics.json").read_text())["mAP50"], 3),
        "labels": len(records.truth_image),
        "found": len(hits),
        "of_kind": {kind: sum(errors[number].kind == kind for number in hits) for kind in KINDS},
        "expected_at_least": round(sum(row["score"] for row in rows), 1),
        "anywhere": {kind: sum(errors[number].kind == kind for number in anywhere) for kind in KINDS},
        "random": round(len(anywhere) * FIRST / len(suspects), 1),
        "objectlab": best(of_cleanlab),
        "hotcoco": best(hotcoco(records)),
        "own": own,
        "found_beside_own": beside,
    }


def commit() -> str:
    """Return the commit of the working tree, with a mark where files differ from it."""
    line = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(line, capture_output=True, text=True, check=True, cwd=HERE).stdout.strip()


def save(cases: dict[str, Any], words: str) -> None:
    """Write the results beside those of cases that were not run."""
    content = json.loads(RESULT.read_text()) if RESULT.is_file() else {"cases": {}}
    versions = {}
    for package in ("torch", "ultralytics", "numpy", "cleanlab", "hotcoco"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    head = {
        "command": f"python tests/benchmarks/labels.py {words}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
        "versions": versions,
        "errors": ERRORS,
        "first": FIRST,
        "by_eye": {"looked_at": LOOKED_AT, "surely_wrong": len(MENDED.read_text().splitlines()) - 1},
    }
    content = head | {"cases": content["cases"] | cases}
    RESULT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write_table(content)


def write_table(content: dict[str, Any]) -> None:
    """Write the results into the guide's table, the rows below `HEADER`."""
    before, _, rest = GUIDE.read_text(encoding="utf-8").partition(HEADER)
    commits = sorted({case.get("commit", content.get("commit", "")) for case in content["cases"].values()})
    kept = re.sub(r"(?<=Measured at commit )[^.]+", ", ".join(commits), rest[rest.index("\n\n") :])
    GUIDE.write_text(before + HEADER + "\n".join(rows_of_table(content)) + kept, encoding="utf-8")


def rows_of_table(content: dict[str, Any]) -> list[str]:
    """Return the rows of the guide's table."""
    columns = ("mAP50", "mean_found", "least_found", "mean_objectlab", "mean_hotcoco", "mean_random")
    rows = []
    for name, case in sorted(content["cases"].items()):
        cells = ("—" if case.get(column) is None else str(case[column]) for column in columns)
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def main() -> int:
    """Prepare, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bccd", type=Path, help="the folder of BCCD; without it, the built-in shapes alone")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shapes-epochs", type=int, default=60, help="more make a better model; with a DIR of its own")
    parser.add_argument("--only-train", choices=sorted(TRAINING))
    parser.add_argument("--cases", nargs="+", choices=[*CASES], default=[*CASES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    TRAINING["shapes"].append(f"epochs={arguments.shapes_epochs}")
    sources = {"shapes": ensure_shapes(SHAPES, work / "drawn").parent}
    if arguments.bccd is not None and (arguments.bccd / "data.yaml").is_file():
        sources["bccd"] = arguments.bccd.resolve()
    else:
        print("BCCD is not there (--bccd): the built-in shapes alone", file=sys.stderr)
    if arguments.only_train:
        name = arguments.only_train
        train(name, prepare(name, sources[name], work), work)
        return 0
    words = "--bccd path/to/bccd --work DIR" if "bccd" in sources else "--work DIR"
    for case in arguments.cases:
        name, _, variant = case.partition(", ")
        if name in sources:
            best = train(name, prepare(name, sources[name], work), work) / "weights/best.pt"
            save({case: measure(name, sources[name], work, best, arguments.seeds, variant == "mended")}, words)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; the same line goes on")
