"""Every symbol of Ultralytics that we extend, replace or rely on, with its parameters and the reason.

None of these is a promise of Ultralytics: each may move with any release. `deviations` compares the table with the
installed package, and a test fails with what it returns. Of those whose body matters to us (we replace it, or work
around what it does) a digest of the body is compared too.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable
from importlib import import_module
from typing import Any

from yololab.ultralytics_adapter.contract.symbol import Symbol
from yololab.ultralytics_adapter.contract.task_symbols import TASK_SYMBOLS

SYMBOLS: tuple[Symbol, ...] = (
    *TASK_SYMBOLS,
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.__init__",
        "self, cfg=…, overrides=…, _callbacks=…",
        "our trainers extend it; takes the callbacks dictionary that carries our settings",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.run_callbacks",
        "self, event",
        "replaced: a failing callback must not end the training",
        "9a1a7a68ea77",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.train",
        "self",
        "extended: guards, notes; its multi-GPU branch calls generate_ddp_command and subprocess.run",
        "1ce4f5da120f",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer._close_dataloader_mosaic",
        "self",
        "called by the probe, to time the loading of the last epochs",
    ),
    Symbol(
        "ultralytics.data.dataset:YOLODataset.collate_fn",
        "batch",
        "called by the probe, to make a batch of fewer images",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.final_eval",
        "self",
        "replaced: strips the checkpoints and evaluates nothing",
        "52546ad224e8",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.get_dataset",
        "self",
        "extended: its RuntimeError is a mistake in the data.yaml",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer._build_train_pipeline",
        "self",
        "extended: a second call means that the batch was halved",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer._get_warmup_iterations",
        "self, num_batches",
        "read: caps warmup_epochs without a word",
        "f669e64553ee",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.validate",
        "self",
        "extended: tells measured zeros from those that were not measured",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.save_model",
        "self",
        "extended: notes best.pt's epoch; uses the module's GIT; writes by write_bytes of last, best and wdir",
        "fb01f0a4af7b",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer._setup_train",
        "self",
        "extended: a continued training seeds anew before the loaders are built",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.check_resume",
        "self, overrides",
        "relied on: takes the arguments of the checkpoint, and of ours only places, device and workers",
        "8b52209c42a3",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.resume_training",
        "self, ckpt",
        "extended: what the training had started from stays in its arguments",
        "9f84a95c78e2",
    ),
    Symbol(
        "ultralytics.engine.trainer:init_seeds", "seed=…, deterministic=…", "called: other draws than the first epochs'"
    ),
    Symbol("ultralytics.utils.plotting:plot_results", "*args, **kwargs", "called: results.png of a finished training"),
    Symbol("ultralytics.engine.trainer:BaseTrainer._handle_nan_recovery", "self, epoch", "extended: counts recoveries"),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.label_loss_items",
        "self, loss_items=…, prefix=…",
        "called: names of the losses",
    ),
    Symbol(
        "ultralytics.engine.trainer:BaseTrainer.save_metrics",
        "self, metrics",
        "extended: the clock of a continued training; replaced in a probe: no table of epochs",
        "cd235736d31a",
    ),
    Symbol("ultralytics.engine.trainer:BaseTrainer.plot_metrics", "self", "replaced in a probe: no plots"),
    Symbol("ultralytics.engine.trainer:GIT", None, "replaced: the checkpoint names the user's repository"),
    Symbol("ultralytics.engine.trainer:subprocess", None, "replaced: the launch of workers is watched"),
    Symbol(
        "ultralytics.engine.trainer:generate_ddp_command",
        "trainer",
        "relied on: deletes trainer.save_dir, pickles class, arguments, model and callbacks",
        "b292b5b41927",
    ),
    Symbol(
        "ultralytics.utils.dist:generate_ddp_file",
        "trainer",
        "relied on: the workers rebuild the trainer from class, arguments and callbacks",
        "34e99416bb43",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.train:DetectionTrainer.get_dataloader",
        "self, dataset_path, batch_size=…, rank=…, mode=…",
        "extended: its errors are mistakes in the dataset",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.train:DetectionTrainer._build_train_pipeline",
        "self",
        "extended, see BaseTrainer; raises max_det",
    ),
    Symbol("ultralytics.models.rtdetr.train:RTDETRTrainer.get_validator", "self", "inherited; the class is extended"),
    Symbol(
        "ultralytics.engine.validator:BaseValidator.__init__",
        "self, dataloader=…, save_dir=…, args=…, _callbacks=…",
        "our validators extend it",
    ),
    Symbol(
        "ultralytics.engine.validator:BaseValidator.__call__",
        "self, trainer=…, model=…, **kwargs",
        "called with a path to evaluate, and by the probe with a trainer",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.val:DetectionValidator.init_metrics",
        "self, model",
        "extended: replaces the confusion matrix, hashes the labels",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.val:DetectionValidator.update_metrics",
        "self, preds, batch",
        "relied on: calls `_process_batch` once an image, in the order of the statistics, with its `im_file`, "
        "`ori_shape`, `imgsz`, `ratio_pad` and boxes",
        "c4f30095e774",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.val:DetectionValidator._process_batch",
        "self, preds, batch",
        "extended: keeps the boxes, counts the confusion matrix without plots",
    ),
    Symbol(
        "ultralytics.models.yolo.detect.val:DetectionValidator.get_stats",
        "self",
        "extended: copies the statistics that it clears",
        "5df2069241ad",
    ),
    Symbol(
        "ultralytics.utils.ops:scale_boxes",
        "img1_shape, boxes, img0_shape, ratio_pad=…, padding=…, xywh=…",
        "called: boxes in pixels of the image file",
    ),
    Symbol(
        "ultralytics.models.rtdetr.val:RTDETRValidator.postprocess", "self, preds", "inherited; the class is extended"
    ),
    Symbol(
        "ultralytics.utils.metrics:DetMetrics.update_stats",
        "self, stat",
        "relied on: appends one entry an image to each list of `stats`",
        "8d6b60f6fccb",
    ),
    Symbol("ultralytics.utils.metrics:DetMetrics.results_dict", None, "read: the metrics"),
    Symbol(
        "ultralytics.utils.metrics:DetMetrics.ap_class_index",
        None,
        "read: the class of each entry of the per-class arrays",
    ),
    Symbol(
        "ultralytics.utils.metrics:ConfusionMatrix.process_batch",
        "self, detections, batch, conf=…, iou_thres=…",
        "extended: counts from a confidence that people look at",
    ),
    Symbol("ultralytics.utils.torch_utils:NUM_THREADS", None, "replaced: select_device sets torch to it"),
    Symbol(
        "ultralytics.utils.torch_utils:select_device",
        "device=…, newline=…, verbose=…",
        "relied on: resets torch's threads to NUM_THREADS of its module",
        "4cda7f588e3e",
    ),
    Symbol("ultralytics.utils.torch_utils:parse_device", "device=…", "called: the canonical text of a device"),
    Symbol(
        "ultralytics.utils.torch_utils:strip_optimizer",
        "f=…, s=…, updates=…",
        "called in place of final_eval's own calls: reads f, writes s",
        "196eee713a22",
    ),
    Symbol("ultralytics.utils.torch_utils:torch_distributed_zero_first", "local_rank", "called as final_eval does"),
    Symbol(
        "ultralytics.utils.torch_utils:EarlyStopping.__call__",
        "self, epoch, fitness",
        "relied on: best_epoch and patience tell why a training ended",
        "059c564723ef",
    ),
    Symbol(
        "ultralytics.data.dataset:load_dataset_cache_file",
        "path",
        "replaced: reads label caches from our folder, restricted",
    ),
    Symbol(
        "ultralytics.data.dataset:save_dataset_cache_file",
        "prefix, path, x, version",
        "replaced: writes label caches to our folder",
    ),
    Symbol(
        "ultralytics.data.utils:check_image", "im_file", "extended: says that a JPEG was left as it is", "3161e07d0603"
    ),
    Symbol(
        "ultralytics.data.utils:_replace_image",
        "im_file, write",
        "replaced: leaves the user's images alone",
        "20c6851c9693",
    ),
    Symbol(
        "ultralytics.data.utils:check_det_dataset",
        "dataset, autodownload=…, split=…",
        "called: checks a data.yaml, downloads a dataset",
    ),
    Symbol("ultralytics.utils:VERBOSE", None, "replaced for a time: progress bars ask for it"),
    Symbol(
        "ultralytics.utils.tqdm:TQDM.__init__",
        "self, iterable=…, desc=…, total=…, leave=…, file=…, mininterval=…, disable=…, unit=…, "
        "unit_scale=…, unit_divisor=…, bar_format=…, initial=…, **kwargs",
        "relied on: asks ultralytics.utils.VERBOSE whether to write",
        "22b40ec18536",
    ),
    Symbol(
        "ultralytics.utils:AUTOINSTALL", None, "replaced when the host has imported Ultralytics: nothing is installed"
    ),
    Symbol("ultralytics.utils:SAFE_LOAD", None, "replaced when the host has imported Ultralytics: restricted loading"),
    Symbol("ultralytics.utils:ONLINE", None, "replaced: no look-ups of versions"),
    Symbol("ultralytics.utils:USER_CONFIG_DIR", None, "replaced when the host has imported Ultralytics: our folder"),
    Symbol("ultralytics.utils:SETTINGS_FILE", None, "replaced when the host has imported Ultralytics: our file"),
    Symbol("ultralytics.utils:DATASETS_DIR", None, "replaced when the host has imported Ultralytics"),
    Symbol("ultralytics.utils:WEIGHTS_DIR", None, "replaced when the host has imported Ultralytics"),
    Symbol("ultralytics.utils:RUNS_DIR", None, "replaced when the host has imported Ultralytics"),
    Symbol("ultralytics.utils:SETTINGS", None, "updated in memory; its file is repointed"),
    Symbol(
        "ultralytics.utils:SettingsManager.__init__",
        "self, file=…, version=…",
        "read as source: version and keys of the settings file",
        "e6479c811958",
    ),
    Symbol("ultralytics.utils:set_logging", "name=…, verbose=…", "relied on: the name of its handler"),
    Symbol("ultralytics.utils.events:events", None, "switched off"),
    Symbol(
        "ultralytics.utils.checks:check_font",
        "font=…",
        "relied on: a font in USER_CONFIG_DIR is taken before the network is asked",
    ),
    Symbol(
        "ultralytics.utils.downloads:safe_download",
        "url, file=…, dir=…, unzip=…, delete=…, curl=…, retry=…, min_bytes=…, exist_ok=…, progress=…",
        "replaced when the network is off",
    ),
    Symbol(
        "ultralytics.utils.downloads:attempt_download_asset",
        "file, repo=…, release=…, **kwargs",
        "extended: a file that exists is taken by its own name",
    ),
    Symbol("ultralytics.utils.downloads:GITHUB_ASSETS_NAMES", None, "read as source: names that can be downloaded"),
    Symbol("ultralytics.utils.git:GitRepo.__init__", "self, path=…", "called: the user's repository"),
    Symbol("ultralytics.utils.callbacks:get_default_callbacks", "", "called: our settings travel in it"),
    Symbol(
        "ultralytics.utils.callbacks.base:add_integration_callbacks",
        "instance",
        "relied on: adds trackers to classes named *Trainer only",
        "aed05951d1a2",
    ),
    Symbol(
        "ultralytics.cfg:check_dict_alignment",
        "base, custom, e=…, allowed_custom_keys=…",
        "relied on: save_dir is accepted beside the arguments",
        "dc4295708106",
    ),
    Symbol(
        "ultralytics.cfg:get_save_dir",
        "args, name=…",
        "relied on: save_dir goes before everything else",
        "ae53cd119cba",
    ),
    Symbol("ultralytics.nn.tasks:load_checkpoint", "weight, device=…, inplace=…, fuse=…", "called: reads a checkpoint"),
    Symbol("ultralytics.nn.tasks:guess_model_task", "model", "called: the task of an architecture"),
    Symbol(
        "ultralytics.nn.autobackend:AutoBackend.__init__",
        "self, model=…, device=…, dnn=…, data=…, fp16=…, fuse=…, verbose=…, channels_last=…, end2end=…",
        "called: runs checkpoints and exports",
    ),
    Symbol("ultralytics.nn.autobackend:AutoBackend._model_type", "p=…, dnn=…", "called: the format of a file"),
    Symbol(
        "ultralytics.nn.backends.base:BaseBackend.read_metadata", "file", "called: task, names and shape of an export"
    ),
    Symbol(
        "ultralytics.engine.exporter:Exporter.__init__", "self, cfg=…, overrides=…, _callbacks=…", "called: exports"
    ),
    Symbol("ultralytics.engine.exporter:Exporter.__call__", "self, model", "called: exports"),
    Symbol("ultralytics.engine.exporter:export_formats", "", "called: names of the formats"),
    Symbol(
        "ultralytics.data.augment:LetterBox.__init__",
        "self, new_shape=…, auto=…, scale_fill=…, scaleup=…, center=…, stride=…, padding_value=…, interpolation=…",
        "called: prepares images for comparing exports",
    ),
    Symbol("ultralytics.utils.patches:imread", "filename, flags=…", "called: reads images as Ultralytics does"),
)


def deviations(symbols: tuple[Symbol, ...] = SYMBOLS) -> list[str]:
    """Return what the installed Ultralytics has otherwise than the table; empty when all is as we know it."""
    found = []
    for symbol in symbols:
        try:
            value = locate(symbol.where)
        except (ImportError, AttributeError):
            found.append(f"{symbol.where} is gone ({symbol.why})")
            continue
        if symbol.parameters is not None and parameters_of(value) != symbol.parameters:
            found.append(f"{symbol.where}({symbol.parameters}) now takes ({parameters_of(value)}) ({symbol.why})")
        if symbol.body is not None and digest_of_body(value) != symbol.body:
            found.append(f"{symbol.where} does something else now, digest {digest_of_body(value)} ({symbol.why})")
    return found


def locate(where: str) -> Any:
    """Return a symbol.

    Raises:
        ImportError: Its module is gone.
        AttributeError: It is gone.
    """
    module, path = where.split(":")
    value = import_module(module)
    for name in path.split("."):
        value = inspect.getattr_static(value, name) if inspect.isclass(value) else getattr(value, name)
    return value


def parameters_of(function: Callable[..., Any]) -> str:
    """Return the parameters of a function, without annotations and the values of defaults.

    >>> parameters_of(lambda a, *b, c=1, **d: None)
    'a, *b, c=…, **d'
    """
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    plain = function.__func__ if isinstance(function, (staticmethod, classmethod)) else function
    return ", ".join(
        f"{stars.get(parameter.kind, '')}{name}{'' if parameter.default is parameter.empty else '=…'}"
        for name, parameter in inspect.signature(plain).parameters.items()
    )


def digest_of_body(function: Callable[..., Any]) -> str:
    """Return a short digest of a function's code, without its docstring, comments and spacing."""
    plain = function.__func__ if isinstance(function, (staticmethod, classmethod)) else function
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(plain)))
    if plain.__doc__:
        source = re.sub(r'"""(?s:.*?)"""', "", source, count=1)
    code = "".join(re.sub(r"(^|\s)#.*$", "", line) for line in source.splitlines())
    return hashlib.sha256("".join(code.split()).encode()).hexdigest()[:12]
