"""The symbols of Ultralytics that the tasks beside detection rely on; see contract.py."""

from __future__ import annotations

from yololab.ultralytics_adapter.contract.symbol import Symbol

TASK_SYMBOLS: tuple[Symbol, ...] = (
    Symbol(
        "ultralytics.models.yolo.segment.train:SegmentationTrainer.get_validator",
        "self",
        "inherited; the class is extended",
    ),
    Symbol(
        "ultralytics.models.yolo.pose.train:PoseTrainer.get_dataset",
        "self",
        "inherited; a missing kpt_shape is its KeyError",
    ),
    Symbol(
        "ultralytics.models.yolo.obb.train:OBBTrainer.get_validator",
        "self",
        "inherited; the class is extended",
    ),
    Symbol(
        "ultralytics.models.yolo.classify.train:ClassificationTrainer.__init__",
        "self, cfg=…, overrides=…, _callbacks=…",
        "extended; sets multi_scale to 0",
        "dfe26c25bc00",
    ),
    Symbol(
        "ultralytics.models.yolo.classify.train:ClassificationTrainer.get_dataloader",
        "self, dataset_path, batch_size=…, rank=…, mode=…",
        "extended: its errors are mistakes in the dataset",
    ),
    Symbol(
        "ultralytics.models.yolo.semantic.train:SemanticSegmentationTrainer.get_dataset",
        "self",
        "extended: adds a background to polygons",
    ),
    Symbol(
        "ultralytics.models.yolo.depth.train:DepthTrainer.final_eval",
        "self",
        "called: calibrates the stripped checkpoints after what stands behind it in the order of classes",
        "3ed063db6db5",
    ),
    Symbol(
        "ultralytics.engine.trainer:check_cls_dataset",
        "dataset, split=…",
        "replaced: downloads and divides nothing",
    ),
    Symbol(
        "ultralytics.models.yolo.segment.val:SegmentationValidator._process_batch",
        "self, preds, batch",
        "relied on: adds the flags of masks, `tp_m`",
        "249fe04340d4",
    ),
    Symbol(
        "ultralytics.models.yolo.pose.val:PoseValidator._process_batch",
        "self, preds, batch",
        "relied on: adds the flags of keypoints, `tp_p`",
        "1b4a853d4b39",
    ),
    Symbol(
        "ultralytics.models.yolo.obb.val:OBBValidator._prepare_batch",
        "self, si, batch",
        "relied on: boxes as center, size and angle in pixels of the input",
        "903fcd128c18",
    ),
    Symbol(
        "ultralytics.models.yolo.obb.val:OBBValidator.init_metrics",
        "self, model",
        "extended: sets the confusion matrix's task",
    ),
    Symbol(
        "ultralytics.models.yolo.classify.val:ClassificationValidator.get_dataloader",
        "self, dataset_path, batch_size",
        "replaced: Ultralytics shuffles the images",
        "ee6431fb7a27",
    ),
    Symbol(
        "ultralytics.models.yolo.classify.val:ClassificationValidator.init_metrics",
        "self, model",
        "extended: begins the records",
    ),
    Symbol(
        "ultralytics.models.yolo.classify.val:ClassificationValidator.update_metrics",
        "self, preds, batch",
        "extended: reads `pred` and `targets`, to which it appends",
        "4783d032d502",
    ),
    Symbol(
        "ultralytics.models.yolo.semantic.val:SemanticSegmentationValidator.update_metrics",
        "self, preds, batch",
        "extended: counts the pixels of each image",
        "6cd012c70587",
    ),
    Symbol(
        "ultralytics.models.yolo.semantic.val:SemanticSegmentationValidator.get_stats",
        "self",
        "relied on: fills the confusion matrix",
    ),
    Symbol(
        "ultralytics.models.yolo.depth.val:DepthValidator.init_metrics",
        "self, model",
        "extended: replaces the metrics by those that keep each image",
        "45d2de4a7f66",
    ),
    Symbol(
        "ultralytics.models.yolo.depth.val:DepthValidator.update_metrics",
        "self, preds, batch",
        "extended: keeps the errors of each image",
        "f2acae179c18",
    ),
    Symbol(
        "ultralytics.utils.metrics:SemanticMetrics.update_stats",
        "self, preds, targets",
        "relied on: rows of the matrix are true classes, 255 is ignored",
        "ffbed41fd31b",
    ),
    Symbol(
        "ultralytics.utils.metrics:DepthMetrics.update_stats",
        "self, preds, targets",
        "extended: an image at a time, with `_totals` and `_count` set aside",
        "443ce0ef22af",
    ),
    Symbol(
        "ultralytics.utils.metrics:DepthMetrics.__init__",
        "self, min_depth=…, max_depth=…, align=…",
        "extended: keeps each image",
    ),
    Symbol(
        "ultralytics.data.utils:check_cls_dataset",
        "dataset, split=…",
        "called, when the folders are there",
    ),
    Symbol(
        "ultralytics.data.build:build_dataloader",
        "dataset, batch, workers, shuffle=…, rank=…, drop_last=…, pin_memory=…, device=…",
        "called: a loader that does not shuffle",
    ),
    Symbol(
        "ultralytics.data.dataset:ClassificationDataset.__getitem__",
        "self, i",
        "relied on: a batch does not say which images it holds",
    ),
    Symbol(
        "ultralytics.data.dataset:DepthDataset.build_transforms",
        "self, hyp",
        "relied on: switches mosaic and its like off",
        "bae3fe4ec10d",
    ),
)
