"""Run folders as the job leaves them, for the tests of the page."""

from __future__ import annotations

import json
import math
import random
import re
from html import unescape
from pathlib import Path
from typing import Any

from PIL import Image
from record_samples import records_of

from yololab.files.paths import METRICS, RunFolder
from yololab.files.predictions import write_arrays
from yololab.report.run_files import NO_EPOCHS, RunFiles
from yololab.report.section import render
from yololab.report.sections import SECTIONS
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.records.arrays import to_arrays

CELLS = ("RBC", "WBC", "Platelets", "Blast")
HOSTILE = ("<script>alert('x')</script>", '"><img src=x onerror=alert(1)>', "猫 & 犬", "naïve | `code` *bold* @someone")
MANY = tuple(
    f"class {index:02d}" if index % 7 else f"a rather long class name number {index:02d}" for index in range(80)
)


def metrics_of(
    names: tuple[str, ...], *, absent: tuple[str, ...] = (), shift: float = 0.0, seed: int = 1
) -> dict[str, Any]:
    """Content of metrics.json."""
    rng = random.Random(seed)
    per_class = {}
    for index, name in enumerate(names):
        score = min(max(0.42 + 0.3 * rng.random() + shift, 0.02), 0.97)
        here = name not in absent
        per_class[name] = {
            "index": index,
            "AP50": round(min(score * 1.3, 0.995), 4) if here else None,
            "AP50-95": round(score, 4) if here else None,
            "precision": round(min(score * 1.15, 0.99), 4) if here else None,
            "recall": round(min(score * 1.08, 0.99), 4) if here else None,
            "instances": rng.randint(12, 2400) if here else 0,
            "images": rng.randint(8, 73) if here else 0,
        }
    known = [values["AP50-95"] for values in per_class.values() if values["AP50-95"] is not None]
    mean = sum(known) / len(known)
    return {
        "schema_version": 1,
        "model": "/projects/cells/outputs/training/yolo26n_20260117_143000/weights/best.pt",
        "data": "/projects/cells/data.yaml",
        "split": "val",
        "task": "detect",
        "mAP50": min(mean * 1.3, 0.99),
        "mAP50-95": mean,
        "precision": mean * 1.15,
        "recall": mean * 1.08,
        "fitness": mean,
        "primary_metric": "mAP50-95",
        "directions": {"mAP50": "higher", "mAP50-95": "higher", "precision": "higher", "recall": "higher"},
        "per_class": per_class,
        "protocol": {
            "imgsz": 320, "batch": 16, "conf": 0.001, "iou": 0.7, "max_det": 300, "rect": True, "quantize": None,
            "augment": False, "nms": None, "agnostic_nms": False, "single_cls": False, "classes": None,
            "ultralytics": "8.4.190",
        },
        "dataset_fingerprint": "9f" * 32,
        "speed_ms": {"preprocess": 0.31, "inference": 24.72, "loss": 0.0, "postprocess": 0.42},
        "confusion": confusion_of(names, rng),
        "names": {str(index): name for index, name in enumerate(names)},
    }  # fmt: skip


def confusion_of(names: tuple[str, ...], rng: random.Random) -> dict[str, Any]:
    """A confusion matrix with a clear diagonal, some misses and some false alarms."""
    labels = [*names, "background"]
    size = len(labels)
    matrix = [[0] * size for _ in labels]
    for column in range(size):
        for row in range(size):
            if row == column < size - 1:
                matrix[row][column] = rng.randint(60, 900)
            elif row == size - 1 or column == size - 1:
                matrix[row][column] = rng.randint(0, 60)
            elif rng.random() < 0.5:
                matrix[row][column] = rng.randint(0, 30)
    matrix[-1][-1] = 0
    return {"labels": labels, "matrix": matrix}


def comparison_of(
    current: dict[str, Any], baseline: dict[str, Any] | None, verdict: str, sentence: str
) -> dict[str, Any]:
    """Content of comparison.json."""
    rows = []
    for metric in ("mAP50", "mAP50-95", "precision", "recall"):
        now, before = current[metric], baseline[metric] if baseline else None
        delta = None if before is None else now - before
        rows.append(
            {
                "metric": metric,
                "direction": "higher",
                "current": now,
                "baseline": before,
                "delta": delta,
                "percent": None if delta is None else delta / before * 100,
                "arrow": "" if delta is None else "▲" if delta > 0 else "▼" if delta < 0 else "=",
                "ci_low": None,
                "ci_high": None,
                "p": None,
            }
        )
    per_class = []
    for name, values in current["per_class"].items() if baseline else ():
        now, before = values["AP50-95"], baseline["per_class"].get(name, {}).get("AP50-95")
        delta = None if now is None or before is None else now - before
        per_class.append({"name": name, "current": now, "baseline": before, "delta": delta})
    side = {"path": "evaluation/metrics.json", "model": "yolo26n.pt", "split": "val", "fingerprint": "9f" * 32}
    return {
        "schema_version": 1,
        "verdict": verdict,
        "sentence": sentence,
        "statistical_support": False,
        "primary_metric": "mAP50-95",
        "tolerance": 0.01,
        "metrics": rows,
        "per_class": per_class,
        "current": {**side, "promoted_at": None},
        "baseline": {**side, "promoted_at": "2026-01-10T09:12:00+01:00"} if baseline else None,
        "warnings": [],
        "notes": [
            "The checkpoint was chosen on the split that is compared here, so its score is a little too good; "
            "evaluation.split=test avoids that where there is a test split."
        ]
        if baseline
        else [],
        "gate": {"policy": "degraded", "passed": verdict != "DEGRADED"},
    }


def results_csv(epochs: int, *, loss: str = "dfl_loss", validated: bool = True, seed: int = 3) -> str:
    """results.csv as Ultralytics writes it."""
    rng = random.Random(seed)
    columns = ["epoch", "time", "train/box_loss", "train/cls_loss", f"train/{loss}", "metrics/precision(B)"]
    columns += ["metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)", "val/box_loss", "val/cls_loss"]
    columns += [f"val/{loss}", "lr/pg0", "lr/pg1", "lr/pg2"]
    lines = [",".join(columns)]
    for epoch in range(1, epochs + 1):
        fall = math.exp(-4 * epoch / epochs)
        noise = [rng.uniform(-0.03, 0.03) for _ in range(12)]
        score = 0.62 * (1 - math.exp(-5 * epoch / epochs)) + noise[0] / 2
        train = [1.1 + 1.6 * fall + noise[1], 0.6 + 3.2 * fall + noise[2], 0.9 + 0.7 * fall + noise[3]]
        measured = [score + 0.1, score + 0.06, score + 0.2, max(score, 0.001)]
        measured += [1.2 + 1.5 * fall + noise[4], 0.75 + 2.9 * fall + noise[5], 0.95 + 0.7 * fall + noise[6]]
        if not validated and epoch < epochs:
            measured = [0.0] * 7
        rate = 0.005 * min(epoch / 3, 1) * (1 - 0.99 * epoch / epochs)
        row = [epoch, epoch * 6.1, *train, *measured[:4], *measured[4:], rate, rate, rate]
        lines.append(",".join(f"{value:.6g}" for value in row))
    return "\n".join(lines) + "\n"


def record_of(**changes: Any) -> dict[str, Any]:
    """Content of experiment_log.json of a complete run."""
    train = {
        "epochs": 60, "imgsz": 330, "batch": 32, "patience": 20, "optimizer": "AdamW", "lr0": 0.005, "lrf": 0.01,
        "momentum": 0.937, "weight_decay": 0.0005, "hsv_h": 0.015, "hsv_s": 0.7, "hsv_v": 0.4, "degrees": 0.0,
        "translate": 0.1, "scale": 0.5, "fliplr": 0.5, "mosaic": 1.0, "seed": 0, "deterministic": True, "freeze": None,
        "classes": None, "amp": True, "cos_lr": False, "close_mosaic": 10, "workers": 8, "cache": False,
    }  # fmt: skip
    config = {
        "model": {"weights": "yolo26n.pt", "pretrained": True},
        "data": {"source": "/projects/cells/data.yaml", "allow_download": False},
        "evaluation": {"split": "val", "batch": 16, "conf": 0.001},
        **train,
    }
    effective = train | {"imgsz": 352, "batch": 16, "workers": 0}
    return {
        "schema_version": 1,
        "status": "complete",
        "error": None,
        "timestamp": "2026-01-17T14:30:00+01:00",
        "finished": "2026-01-17T14:37:41+01:00",
        "name": "yolo26n_20260117_143000",
        "task": "detect",
        "config": config,
        "requested_config": config,
        "effective_config": {
            "values": effective,
            "differences": [
                {"key": "imgsz", "requested": 330, "effective": 352,
                 "reason": "rounded to a multiple of the model's stride, 32 px, one side for train and val"},
                {"key": "batch", "requested": 32, "effective": 16, "reason": "halved 1 time(s) because memory ran out"},
                {"key": "workers", "requested": 8, "effective": 0, "reason": "a CPU loads in the training process"},
            ],
        },
        "results": {"best_mAP50": 0.83, "best_mAP50-95": 0.61, "final_epoch": 60},
        "model_path": "/projects/cells/outputs/training/yolo26n_20260117_143000/weights/best.pt",
        "notes": [
            {"time": "2026-01-17T14:30:00+01:00", "text": "First try with the re-labelled platelets."},
            {"time": "2026-01-18T09:02:11+01:00", "text": "Good.\nShip it when the test split agrees."},
        ],
        "provenance": {
            "git": {"commit": "4f2c9a7b1d" * 4, "branch": "relabel-platelets", "dirty": True,
                    "diff_sha256": "ab12" * 16, "untracked_files": 2},
            "packages": {"hydra-core": "1.3.8", "numpy": "2.4.6", "omegaconf": "2.3.1", "onnx": "1.23.2",
                         "onnxruntime": "1.32.0", "opencv-python": "5.0.0.93", "pillow": "13.0.0", "PyYAML": "6.0.3",
                         "rich": "15.0.0", "scipy": "1.17.1", "torch": "2.14.1", "torchvision": "0.29.1",
                         "ultralytics": "8.4.190", "yololab": "0.1.0"},
            "hardware": {"cpu": "AMD EPYC 7763 64-Core Processor", "cores": 2, "memory_bytes": 8_331_001_856,
                         "gpus": [], "os": "Linux-6.8.0-x86_64-with-glibc2.36", "python": "3.11.2",
                         "hostname": "bench-07"},
            "command": ["/opt/venv/bin/yololab", "data=data sets/cells/data.yaml", "model=yolo26n", "lr0=0.005",
                        "epochs=60", "imgsz=330", "batch=32", "device=cpu", "approval=auto"],
            "working_directory": "/projects/cells",
            "seeds": {"seed": 0},
        },
        "dataset": {
            "name": "cells",
            "source": "/projects/cells/data.yaml",
            "fingerprint": {"train": "1c" * 32, "val": "9f" * 32},
            "counts": {
                "train": {"images": 255, "labelled": 249, "backgrounds": 6, "dropped": 0, "instances": 3412},
                "val": {"images": 73, "labelled": 73, "backgrounds": 0, "dropped": 0, "instances": 967},
            },
            "problems": {"blocking": 0, "warnings": 3},
        },
        "estimate": {"seconds": 402.0, "actual_seconds": 371.2},
        "approvals": [
            {"gate": "cpu", "facts": {"device": "cpu", "epochs": 60, "images": {"train": 255, "val": 73},
                                      "estimated_seconds": None},
             "answer": "yes", "by": "policy:auto", "time": "2026-01-17T14:30:04+01:00"},
            {"gate": "promote", "facts": {"device": "cpu", "epochs": 60, "estimated_seconds": 402.0},
             "answer": "unanswered", "by": "policy:ask", "time": "2026-01-17T14:37:40+01:00"},
        ],
        "evaluation": {"metrics": "evaluation/metrics.json", "split": "val"},
        "comparison": {"verdict": "IMPROVED", "path": "comparison.json"},
        "verification": {
            "passed": True,
            "checks": [
                {"check": "training started", "passed": True, "evidence": "first epoch's loss 5.21"},
                {"check": "loss decreased", "passed": True, "evidence": "5.21 to 2.63 in 60 epochs, -0.031 an epoch"},
                {"check": "metrics saved", "passed": True, "evidence": "metrics.json holds 4 metrics"},
                {"check": "exported model works", "passed": None, "evidence": "nothing was exported (export=none)"},
                {"check": "comparison executed", "passed": True, "evidence": "IMPROVED, in comparison.json"},
            ],
        },
        "timings": {"check": 0.41, "approve_device": 0.002, "estimate": 8.3, "train": 362.4, "evaluate": 6.1,
                    "compare": 0.05, "verify": 2.9},
        "training": {
            "epochs_completed": 60, "stop_reason": "all epochs done", "best_epoch": 52,
            "optimizer": {"name": "AdamW", "lr0": 0.005, "momentum": 0.937, "weight_decay": 0.0005},
            "model_selection": True, "unstable": False, "not_learning": False, "warnings": [],
        },
    } | changes  # fmt: skip


DATASET_REPORT: dict[str, Any] = {
    "schema_version": 1,
    "dataset": "/projects/cells/data.yaml",
    "names": {"0": "RBC", "1": "WBC", "2": "Platelets", "3": "Blast"},
    "splits": {},
    "problems": [],
    "summary": [
        {"check": "repeated_row", "severity": "warning", "count": 2,
         "examples": [{"file": "/projects/cells/train/labels/b_113.txt", "line": 7, "what": "the same box twice"}]},
        {"check": "orphan_label", "severity": "warning", "count": 1,
         "examples": [{"file": "/projects/cells/train/labels/b_999.txt", "line": None, "what": "no image of it"}]},
    ],
}  # fmt: skip


def write_run(folder: Path, **files: Any) -> Path:
    """Write the named files of a run: record, metrics, comparison, dataset_report as content, results as text."""
    run = RunFolder(folder)
    for name, content in files.items():
        path: Path = getattr(run, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )
    return folder


def slices_found() -> dict[str, Any]:
    """What a comparison says of slices: one is worse, and one lies in too few images."""
    rows = [
        {
            "property": of, "slice": name, "label": f"{of}: {name} ({limits})", "images": images, "objects": 3 * images,
            "current": value, "current_low": low, "current_high": high,
            "baseline": 0.5, "baseline_low": 0.45, "baseline_high": 0.55,
            "delta": value - 0.5, "ci_low": low and low - 0.5, "ci_high": high and high - 0.5,
            "p": p, "p_adjusted": p, "insufficient": p is None, "finding": "worse" if p == 0.004 else None,
        }
        for of, name, limits, images, value, low, high, p in (
            ("size", "small", "< 32² px", 60, 0.3, 0.24, 0.36, 0.004),
            ("size", "large", "≥ 96² px", 7, 0.6, None, None, None),
            ("crowding", "few", "≤ 4", 40, 0.52, 0.48, 0.56, 1.0),
            ("crowding", "many", "> 4", 33, 0.49, 0.44, 0.54, 1.0),
        )
    ]  # fmt: skip
    return {
        "metric": "mAP50-95", "unit": "images", "tests": 3, "asked": True, "worse": ["size: small (< 32² px)"],
        "better": [], "said": ["weather: 12 images without a value are in no slice."], "rows": rows,
    }  # fmt: skip


def looked_into(folder: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """What a comparison with records adds: errors, sizes, and changed images, one of which is there."""
    image = folder / "data/val/images/a.jpg"
    image.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_mandelbrot((400, 300), (-2, -1.2, 0.8, 1.2), 40).convert("RGB").save(image)
    types = ("classification", "localisation", "both", "duplicate", "background", "missed")
    error_types = {
        side: {
            name: {"count": 10 * place + shift, "delta_ap": 0.02 * place + 0.01 * shift}
            for place, name in enumerate(types)
        }
        for side, shift in (("current", 0), ("baseline", 3))
    }
    sizes = {
        "small": {"labels": 0, "mAP50-95": None},
        "medium": {"labels": 40, "mAP50-95": 0.4},
        "large": {"labels": 9, "mAP50-95": 0.7},
    }
    box, turned = [40, 30, 200, 180], [300, 200, 120, 50, 0.6]
    images = [
        {
            "image": name,
            "size": [400, 300],
            "gain": gain,
            "labels": 2,
            "found": {"both": 1, "current": 2, "baseline": 1},
            "false": {"current": 0, "baseline": 1},
            "truth": [
                {"box": box, "class": names[0], "current": True, "baseline": True},
                {"box": turned, "class": names[1], "current": True, "baseline": False},
            ],
            "current": [{"box": box, "class": names[0], "confidence": 0.91, "hit": True}],
            "baseline": [{"box": turned, "class": names[0], "confidence": 0.42, "hit": False}],
        }
        for name, gain in (("val/images/a.jpg", 2), ("val/images/gone.jpg", -1))
    ]
    return {
        "schema_version": 2,
        "statistical_support": True,
        "statistics": {
            "images": 73, "replicates": 10000, "interval": "95 % percentile, paired bootstrap over images",
            "p": "two-sided, label-swap permutation over images", "detectable_drop": 0.021, "images_needed": 322,
        },
        "guards": [
            {"guard": "latency", "limit": 20, "value": 12.0, "broken": False, "told": "inference takes 12 ms"},
            {"guard": names[0], "limit": 0.5, "value": 0.4, "broken": True, "told": f"AP50-95 of {names[0]} is 0.4000"},
        ],
        "error_types": error_types,
        "by_size": {"current": sizes, "baseline": sizes},
        "slices": slices_found(),
        "image_changes": {
            "root": str(folder / "data"), "confidence": {"current": 0.31, "baseline": 0.28}, "images": images,
        },
    }  # fmt: skip


def write_records(folder: Path, names: tuple[str, ...], metrics: dict[str, Any], images: int = 30) -> dict[str, Any]:
    """Write records next to metrics, which get their numbers; one image is there."""
    records = records_of(0.7, images=images, names=dict(enumerate(names)))
    path = RunFolder(folder).predictions
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, to_arrays(records))
    image = folder / "data" / records.keys[2]
    image.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_mandelbrot((400, 400), (-2, -1.2, 0.8, 1.2), 40).convert("RGB").save(image)
    return metrics | point_metrics(rank_classes(records)).means | {"dataset_root": str(folder / "data")}


def exported(folder: Path, current: dict[str, Any]) -> dict[str, Any]:
    """An INT8 export that has lost everything, compared with its checkpoint; returns what the record says of it."""
    run, sentence = RunFolder(folder), "Worse: mAP50-95 -0.6100, by more than the tolerance of 0.01."
    worse = current | dict.fromkeys(("mAP50", "mAP50-95", "precision", "recall"), 0.001)
    compared = RunFolder(run.export_check)
    write_run(run.export_check, comparison=comparison_of(worse, current, "DEGRADED", sentence))
    (compared.path / METRICS).write_text(json.dumps(worse), encoding="utf-8")
    run.calibration.write_text("data/train/images/a.jpg\n", encoding="utf-8")
    return {
        "path": str(run.best.with_suffix(".onnx")),
        "format": "onnx",
        "precision": "INT8",
        "works": False,
        "verdict": "DEGRADED",
        "sentence": sentence,
        "calibration": {"split": "train", "images": 1, "list": str(run.calibration)},
        "inference": {"checkpoint_ms": 12.5, "export_ms": 7.5},
        "broken_images": ["val/images/a.jpg"],
    }


def complete_run(folder: Path) -> Path:
    """A run that improved on its baseline, with a broken export; one class has no ground truth."""
    current = write_records(folder, CELLS, metrics_of(CELLS, absent=("Blast",), seed=5))
    baseline = metrics_of(CELLS, absent=("Blast",), shift=-0.021, seed=5)
    comparison = comparison_of(
        current,
        baseline | {name: current[name] - 0.021 for name in ("mAP50", "mAP50-95", "precision", "recall")},
        "IMPROVED",
        "mAP50-95 is better by 0.0210, and that is more than chance.",
    ) | looked_into(folder, CELLS)
    before = write_run(folder / "before", record=record_of(name="before"), metrics=baseline)
    for side, run in (("current", folder), ("baseline", before)):
        comparison[side]["path"] = str(RunFolder(run).metrics)
    for row in comparison["metrics"]:
        row |= {"ci_low": row["delta"] - 0.01, "ci_high": row["delta"] + 0.01, "p": 0.004}
    for row in comparison["per_class"]:
        row |= {"ci_low": -0.01, "ci_high": 0.05, "p": 0.02, "q": 0.03, "insufficient": row["name"] == "WBC"}
    return write_run(
        folder,
        record=record_of(export=exported(folder, current)),
        metrics=current,
        comparison=comparison,
        dataset_report=DATASET_REPORT,
        results=results_csv(60),
    )


def degraded_run(folder: Path) -> Path:
    """A run with 80 classes, worse than its baseline, measured under another protocol, in one hundred epochs."""
    current = metrics_of(MANY, absent=MANY[70:73], shift=-0.05, seed=8)
    comparison = comparison_of(
        current,
        metrics_of(MANY, absent=MANY[71:73], seed=9),
        "DEGRADED",
        "mAP50-95 is worse by 0.0139, more than the 0.01 that is tolerated.",
    )
    comparison["warnings"] = ["Measured under different protocols: imgsz is 640 now, 320 before."]
    for row in comparison["metrics"]:
        row |= {"ci_low": row["delta"] - 0.02, "ci_high": row["delta"] + 0.02, "p": 0.003}
    comparison["statistical_support"] = True
    record = record_of(name="coco80 — dégradé", comparison={"verdict": "DEGRADED"})
    record["verification"]["checks"][1] |= {"passed": False, "evidence": "4.1 to 4.3 in 100 epochs"}
    record["training"] |= {
        "warnings": ["The loss was not a finite number 2 times; training went on from the last checkpoint."]
    }
    return write_run(
        folder, record=record, metrics=current, comparison=comparison, results=results_csv(300, loss="l1_loss")
    )


def failed_run(folder: Path) -> Path:
    """A run that crashed in its fifth epoch."""
    message = "RuntimeError: CUDA out of memory. Tried to allocate 2.40 GiB (the traceback is in the run's yololab.log)"
    record = record_of(
        status="failed",
        error={"message": message, "exit_code": 1, "kind": "OutOfMemoryError"},
        results={"best_mAP50": None, "best_mAP50-95": None, "final_epoch": None},
        effective_config=None,
        training=None,
        comparison=None,
        evaluation=None,
        verification=None,
        notes=[],
        timings={"check": 0.4, "train": 31.0},
    )
    return write_run(
        folder, record=record, results=results_csv(60).rsplit("\n", 57)[0] + "\n", dataset_report=DATASET_REPORT
    )


def first_run(folder: Path) -> Path:
    """A run without a baseline."""
    current = write_records(folder, CELLS[:3], metrics_of(CELLS[:3], seed=5))
    sentence = "There is no baseline for this dataset and task yet; promote this run to make it the baseline."
    comparison = comparison_of(current, None, "NO_BASELINE", sentence)
    return write_run(folder, record=record_of(), metrics=current, comparison=comparison, results=results_csv(1))


def hostile_run(folder: Path) -> Path:
    """A run whose every text is hostile or unusual."""
    current = write_records(folder, HOSTILE, metrics_of(HOSTILE, seed=4))
    comparison = comparison_of(current, metrics_of(HOSTILE, seed=6), "INCONCLUSIVE", f"Sentence {HOSTILE[0]}")
    comparison |= looked_into(folder, HOSTILE)
    comparison["warnings"] = [f"warning {HOSTILE[1]}"]
    record = record_of(
        name=HOSTILE[0],
        status="complete",
        notes=HOSTILE[1],
        error={"message": HOSTILE[0], "kind": HOSTILE[1], "exit_code": 1},
    )
    record["provenance"]["command"] = ["yololab", f"name={HOSTILE[0]}"]
    record["effective_config"]["differences"][0]["reason"] = HOSTILE[0]
    record["training"] |= {"model_selection": False, "best_epoch": 12, "epochs_completed": 12}
    record["config"] = record["requested_config"] = {HOSTILE[0]: HOSTILE[1]}
    return write_run(
        folder, record=record, metrics=current, comparison=comparison, results=results_csv(12, validated=False)
    )


def run_with(**files) -> RunFiles:
    """A run whose unnamed files are missing."""
    empty = {name: {} for name in ("record", "metrics", "comparison", "dataset_report")}
    return RunFiles(**({"folder": RunFolder(Path("/projects/cells/outputs/run")), "epochs": NO_EPOCHS} | empty | files))


def html_of(title: str, run: RunFiles) -> str:
    """The HTML of one section of a run's page; empty when it has nothing to show."""
    page = render("run", [section for section in SECTIONS if section.title == title], run, album=run.album)
    return page.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


def tables_in(html: str) -> list[list[list[str]]]:
    """The texts of the cells of each table."""

    def text(cell: str) -> str:
        return " ".join(unescape(re.sub("<[^>]+>", " ", cell)).split())

    rows = [re.findall(r"<tr.*?</tr>", table, re.DOTALL) for table in re.findall("<table.*?</table>", html, re.DOTALL)]
    return [[[text(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)] for row in t] for t in rows]
