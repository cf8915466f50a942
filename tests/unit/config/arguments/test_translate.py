"""The translation of a command line, held against Ultralytics' own parser and Hydra's."""

import shlex
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from yololab.cli.table import SYNTAX
from yololab.config.arguments.commands import MODES, SPECIAL_COMMANDS, TASK_MODELS
from yololab.config.arguments.options import FREE_GROUPS, option_text
from yololab.config.arguments.translate import OVERVIEW, Translation, translate
from yololab.config.arguments.values import merge_tokens, read_arguments_file, read_value, split_commas
from yololab.config.hydra.grammar import FREE_PREFIX, decode_free, encode_free, quote, without_interpolation
from yololab.config.measuring.evaluation import EvaluationConfig
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS

GROUPS = {
    "model": ["yolo11n", "yolo26n", "yolo26s", "rtdetr-l"],
    "data": ["coco8", "coco128", "shapes"],
    "device": ["auto", "cpu", "gpu", "multi_gpu", "mps"],
    "hparams": ["default", "finetune"],
    "augmentation": ["default", "none", "light", "heavy"],
    "experiment": ["demo"],
    "approval": ["ask", "auto", "never"],
    "export": ["none", "onnx"],
}
PARSER = OverridesParser.create()
ODD_TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("\\'\"${}()[],=: \n\tab0%+~#@?!*|./-é"), st.characters(exclude_categories=["Cs"])
    )
)


def read(line: str | list[str], groups: dict[str, list[str]] = GROUPS, cwd: Path = Path()) -> Translation:
    return translate(shlex.split(line) if isinstance(line, str) else line, SYNTAX, groups, cwd)


def parse(translation: Translation) -> dict[str, Any]:
    """The values of the overrides as Hydra reads them, free values decoded, sweeps as lists of values."""
    overrides = [PARSER.parse_override(override) for override in translation.overrides]
    values = {override.key_or_group: value_of(override) for override in overrides}
    assert len(values) == len(overrides)
    return values


def value_of(override: Override) -> Any:
    if override.is_sweep_override():
        items = override.sweep_string_iterator()
        return [value_of(PARSER.parse_override(f"{override.key_or_group}={item}")) for item in items]
    value = override.value()
    is_free = override.key_or_group in FREE_GROUPS and value.startswith(FREE_PREFIX)
    return decode_free(value) if is_free else value


def accepted(line: str | list[str], **options: Any) -> dict[str, Any]:
    translation = read(line, **options)
    assert translation.problems == ()
    return parse(translation)


def refused(line: str | list[str], **options: Any) -> str:
    translation = read(line, **options)
    assert translation.problems
    return "\n".join(str(problem) for problem in translation.problems)


# --- against Ultralytics ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ultralytics_cfg(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """`ultralytics.cfg`, imported with a settings folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YOLO_CONFIG_DIR", str(tmp_path_factory.mktemp("settings")))
        import ultralytics.cfg

        return ultralytics.cfg


Yolo = Callable[[list[str]], SimpleNamespace]


@pytest.fixture
def yolo(ultralytics_cfg: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Yolo:
    """Ultralytics' own entry point, stopped where it would start to train: the arguments it has read."""
    import ultralytics

    calls: list[SimpleNamespace] = []

    class Model:
        def __init__(self, model: str, task: str | None = None) -> None:
            self.task, self.asked = task, task

        def train(self, **overrides: Any) -> None:
            calls.append(SimpleNamespace(task=self.asked, overrides=overrides))

    for name in ("YOLO", "RTDETR"):
        monkeypatch.setattr(ultralytics, name, Model, raising=False)
    for name in ("YOLOE", "YOLOWorld"):
        monkeypatch.setattr(ultralytics, name, type(name, (), {}), raising=False)

    def run(words: list[str]) -> SimpleNamespace:
        calls.clear()
        monkeypatch.setattr(ultralytics_cfg, "ARGV", ["yolo", *words])
        ultralytics_cfg.entrypoint()
        return calls[0]

    return run


LINES = [
    "train model=yolo26n.pt data=coco8.yaml epochs=3 device=0",
    "train model=best.pt data=path/data.yaml epochs=3 device=cpu",
    "detect train data=coco8.yaml model=yolo26n.pt epochs=10 lr0=0.01",
    "train detect data=coco8.yaml",
    "segment train data=coco8-seg.yaml model=yolo26n-seg.pt",
    "segment train data=coco8-seg.yaml",
    "pose train data=coco8-pose.yaml",
    "obb train data=dota8.yaml imgsz=1024",
    "classify train data=imagenet10 imgsz=224",
    "semantic train data=cityscapes8.yaml",
    "depth train data=depth8.yaml",
    "task=detect mode=train model=yolo26n.pt data=coco8.yaml",
    "mode=train model=yolo26n.pt data=coco8.yaml epochs=1",
    "model=yolo26n.pt train data=coco8.yaml",
    "model=yolo26n.pt data=coco8.yaml",
    "train model=rtdetr-l.pt data=coco8.yaml",
    "train model=yolo26n.yaml data=coco8.yaml",
    "train data=coco8.yaml model=yolo26n-cls.yaml pretrained=yolo26n-cls.pt",
    "classify train data=imagenet10 model=yolo26n-cls.pt",
    "classify train data=mnist model=yolo26n-cls.pt",
    "classify train data=cifar100 model=yolo26n-cls.pt",
    "train data=coco8.yaml cos_lr",
    "train data=coco8.yaml cos_lr rect single_cls cache amp nms save_json plots",
    "train data=coco8.yaml --cos_lr --rect",
    "train data=coco8.yaml --epochs=3 --lr0=0.1",
    "train data=coco8.yaml --epochs = 3",
    "train data=coco8.yaml epochs=3, imgsz=320,",
    "train data=coco8.yaml, epochs=3, cos_lr, rect,",
    "train data = coco8.yaml epochs = 3",
    "train data= coco8.yaml epochs= 3",
    "train data =coco8.yaml epochs =3",
    "train data=coco8.yaml name= exp1 epochs=3",
    "train data=coco8.yaml name=exp1",
    "train data=coco8.yaml name=exp1,",
    "train data=coco8.yaml name=1e3",
    "train data=coco8.yaml name=007",
    "train data=coco8.yaml name=None",
    "train data=coco8.yaml name='a (1) b'",
    "train data=coco8.yaml name=True",
    "train data=coco8.yaml name='a[b'']'",
    "train data=coco8.yaml freeze=10",
    "train data=coco8.yaml freeze=[0,1,2]",
    "train data=coco8.yaml freeze=[0, 1, 2] epochs=3",
    "train data=coco8.yaml freeze= [0, 1] epochs=3",
    "train data=coco8.yaml freeze=0,1",
    "train data=coco8.yaml freeze=(0,1)",
    """train data=coco8.yaml "freeze=[0,'23.cv2']" """,
    "train data=coco8.yaml classes=0",
    "train data=coco8.yaml classes=[0,2,3]",
    "train data=coco8.yaml classes=0,2",
    "train data=coco8.yaml scale=(0.3,0.7)",
    "train data=coco8.yaml scale=0.3,0.7",
    "train data=coco8.yaml scale=[0.3, 0.7]",
    "train data=coco8.yaml 'scale=(0.3, 0.7)'",
    "train data=coco8.yaml fraction=0.5",
    "train data=coco8.yaml fraction=[0.8,100]",
    "train data=coco8.yaml fraction=1",
    "train data=coco8.yaml time=None",
    "train data=coco8.yaml time=0.5",
    "train data=coco8.yaml freeze=none",
    "train data=coco8.yaml epochs=1e2",
    "train data=coco8.yaml epochs=1_000",
    "train data=coco8.yaml lr0=1e-3 lrf=.1 momentum=0.9 weight_decay=5e-4",
    "train data=coco8.yaml cos_lr=True rect=FALSE amp=true plots=false",
    "train data=coco8.yaml mosaic=False mixup=True",
    "train data=coco8.yaml amp=BF16",
    "train data=coco8.yaml cache=ram",
    "train data=coco8.yaml cache=disk workers=0",
    "train data=coco8.yaml cache=None",
    "train data=coco8.yaml batch=-1",
    "train data=coco8.yaml batch=0.7",
    "train data=coco8.yaml optimizer=AdamW",
    "train data=coco8.yaml optimizer='SGD'",
    "train data=coco8.yaml optimizer=adamw",
    "train data=coco8.yaml quantize=int8",
    "train data=coco8.yaml compile=reduce-overhead",
    "train data=coco8.yaml auto_augment=None",
    "train data=coco8.yaml pretrained=False",
    "train data=coco8.yaml pretrained=runs/a/best.pt",
    "train data=coco8.yaml seed=0 deterministic=False patience=0 save_period=-1 close_mosaic=0",
    "train data=coco8.yaml epochs=3 epochs=5",
    "train data=coco8.yaml cos_lr=False cos_lr",
    "train data=coco8.yaml save=True exist_ok=False split=val resume=False show=False",
    "train data=coco8.yaml device=0",
    "train data=coco8.yaml device=0,1",
    "train data=coco8.yaml device=[0,1]",
    "train data=coco8.yaml device=(0,1)",
    "train data=coco8.yaml 'device=0, 1'",
    "train data=coco8.yaml device=[0, 1]",
    "train data=coco8.yaml device=cuda:0",
    "train data=coco8.yaml device=cuda",
    "train data=coco8.yaml device=CPU",
    "train data=coco8.yaml device=mps",
    "train data=coco8.yaml device=None",
    """train data=coco8.yaml "device=''" """,
    """train data=coco8.yaml "device='0'" """,
    "train model='runs/my run (2)/best.pt' data='/data/a,b [c] = d/ü ñ/data.yaml'",
    "train model='../up/best.pt' data='./here/data.yaml'",
    """train "data='/q/data.yaml'" model="it's/best.pt" """,
    r"train data='C:\data\a.yaml' model='back\slash.pt'",
    "train data=https://ultralytics.com/assets/coco8.zip model=https://x.org/a/best.pt",
    "train data=a$b/data.yaml model='x{1}:2.pt'",
]


@pytest.mark.torch
@pytest.mark.parametrize("line", LINES)
def test_a_yolo_line_is_read_as_yolo_reads_it(line: str, yolo: Yolo, ultralytics_cfg: ModuleType):
    from ultralytics.utils.torch_utils import parse_device

    words = shlex.split(line)
    theirs = yolo(words)
    expected = dict(theirs.overrides)
    if not any(word.lstrip("-").startswith("model") for word in words) and theirs.task in (None, "detect"):
        del expected["model"]  # the default is conf's, not Ultralytics'
    for name, row in TRAIN_ARGUMENTS.items():
        if row.owner in ("framework", "predict"):
            expected.pop(name, None)
    if isinstance(expected.get("fraction"), tuple):
        expected["fraction"] = list(expected["fraction"])
    ultralytics_cfg.check_cfg(expected)

    translation = read(words, groups={})
    assert translation.problems == ()
    assert translation.task == theirs.task
    assert comparable(parse(translation), parse_device) == comparable(expected, parse_device)


def comparable(overrides: dict[str, Any], parse_device: Callable[[Any], str]) -> dict[str, Any]:
    """Overrides with what the two sides only spell differently made alike."""
    same = {name: list(value) if isinstance(value, tuple) else value for name, value in overrides.items()}
    if "device" in same:
        same["device"] = parse_device(same["device"])
    for name in ("optimizer", "compile"):
        if isinstance(same.get(name), str):
            same[name] = same[name].lower()
    return same


def test_there_are_enough_lines():
    assert len(LINES) >= 60
    assert len(set(LINES)) == len(LINES)


@pytest.mark.torch
@pytest.mark.parametrize(
    "line",
    [
        "train epochs data=coco8.yaml",
        "train epochs= data=coco8.yaml",
        "train data=coco8.yaml freeze=[0,1",
        "train data=coco8.yaml freeze=0]",
        "train data=coco8.yaml epoch",
        "train data=coco8.yaml task=cook",
        "=3 train data=coco8.yaml",
        "train a/b=3 data=coco8.yaml channels_last",
        "train best.pt",
        "train 3",
    ],
)
def test_what_yolo_refuses_is_a_problem(line: str, yolo: Yolo):
    with pytest.raises((SyntaxError, ValueError, IndexError)):
        yolo(shlex.split(line))
    assert read(line).problems


@pytest.mark.torch
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a", "=", "b=", "=c", "d=1", "[1,", "2]", "e=[", "]", "f=[1]"]), max_size=7))
def test_words_are_merged_as_ultralytics_merges_them(ultralytics_cfg: ModuleType, words: list[str]):
    try:
        expected = ultralytics_cfg.merge_equals_args(words)
    except (SyntaxError, IndexError):
        return
    assert merge_tokens(words) == expected


@pytest.mark.torch
@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.sampled_from(["None", "TRUE", "False", "1e2", ".5", "-1", "+3", "0x10", "1,2", "(1,)", "'a'", "[a]", "007"]),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.text(alphabet="0123456789.eE+-_,()[]'\"abTrue ", max_size=8),
    )
)
def test_a_value_is_read_as_ultralytics_reads_it(ultralytics_cfg: ModuleType, text: str):
    expected = ultralytics_cfg.smart_value(text)
    value = read_value(text)
    if isinstance(expected, (bytes, complex, set)):
        assert value == text
    else:
        assert value == as_lists(expected)


def as_lists(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [as_lists(item) for item in value]
    return value


@pytest.mark.torch
def test_every_checkpoint_name_of_ultralytics_is_known(ultralytics_cfg: ModuleType):
    from ultralytics.utils.checks import check_model_file_from_stem
    from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES

    trainable = [name for name in GITHUB_ASSETS_NAMES if name.startswith(("yolo", "rtdetr")) and name.endswith(".pt")]
    assert len(trainable) > 100
    for name in trainable:
        stem = name.removesuffix(".pt")
        assert str(check_model_file_from_stem(stem)) == name
        assert accepted(f"model={stem}", groups={}) == {"model": name}


@pytest.mark.torch
def test_the_words_of_ultralytics_are_known(ultralytics_cfg: ModuleType):
    assert tuple(TASK_MODELS) == ultralytics_cfg.TASKS
    assert tuple(MODES) == ultralytics_cfg.MODES
    assert {task: model for task, model in TASK_MODELS.items() if model} == {
        task: model for task, model in ultralytics_cfg.TASK2MODEL.items() if task != "detect"
    }


# --- quoting ---------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(ODD_TEXT)
@example("\\'")
@example("a\\\\'\\")
@example("true")
@example("1e3")
def test_any_text_survives_hydras_grammar(text: str):
    assert PARSER.parse_override(f"key={quote(text)}").value() == text
    sweep = PARSER.parse_override(f"key={quote(text)},{quote([text])}")
    assert [PARSER.parse_override(f"key={item}").value() for item in sweep.sweep_string_iterator()] == [text, [text]]


@pytest.mark.heavy
@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ODD_TEXT,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True).filter(str.isascii), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_any_value_survives_hydras_grammar(value: Any):
    read_back = PARSER.parse_override(f"key={quote(value)}").value()
    assert read_back == value
    assert type(read_back) is type(value)


@settings(max_examples=100, deadline=None)
@given(ODD_TEXT)
@example("~/a b.yaml")
def test_an_encoded_value_is_a_plain_option_name(text: str):
    option = encode_free(text)
    parsed = PARSER.parse_override(f"model={option}").value()
    assert parsed == option
    assert "/" not in option.removeprefix(FREE_PREFIX)
    assert decode_free(option) == text
    sweep = PARSER.parse_override(f"model=yolo26n,{option}")
    assert list(sweep.sweep_string_iterator()) == ["yolo26n", option]


def test_bytes_that_are_no_utf8_survive_in_a_free_value():
    argument = b"caf\xe9/best.pt".decode("utf-8", errors="surrogateescape")
    assert decode_free(encode_free(argument)) == argument


def test_only_an_encoded_value_can_be_decoded():
    with pytest.raises(ValueError, match="yolo26n"):
        decode_free("yolo26n")


@settings(max_examples=80, deadline=None)
@given(ODD_TEXT.filter(lambda text: text != "???"))
def test_a_literal_text_is_no_interpolation(text: str):
    config = OmegaConf.create({"notes": without_interpolation(text)})
    assert OmegaConf.to_container(config, resolve=True) == {"notes": text}


@settings(max_examples=60, deadline=None)
@given(ODD_TEXT.filter(lambda text: text != "???"))
def test_notes_survive_whatever_they_say(text: str):
    for words in ([f"notes={text}"], ["-m", f"notes={text}"], ["epochs=3", f"notes={text}", "cos_lr"]):
        value = accepted(words)["notes"]
        assert OmegaConf.to_container(OmegaConf.create({"notes": value}), resolve=True) == {"notes": text}


def test_a_name_and_notes_survive():
    line = ["name=exp1", 'notes=some text, with = and (brackets), [one, ${two} and it\'s "three" \\']
    assert accepted(line) == {
        "name": "exp1",
        "notes": 'some text, with = and (brackets), [one, \\${two} and it\'s "three" \\',
    }
    assert accepted(["--notes", "a [b, c = d", "epochs=3"]) == {"notes": "a [b, c = d", "epochs": 3}


# --- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "overrides"),
    [
        ("model=yolo26s hparams=finetune device=gpu", ["model=yolo26s", "hparams=finetune", "device=gpu"]),
        ("experiment=demo augmentation=none", ["experiment=demo", "augmentation=none"]),
        ("export=none approval=auto", ["export=none", "approval=auto"]),
        ("experiment=None", ["experiment=null"]),
        ("augmentation=None", ["augmentation=none"]),
        ("data=coco8", ["data=coco8"]),
        ("data=coco8.yaml", ["data=free+coco8.yaml"]),
        ("model=yolo26n.yaml", ["model=free+yolo26n.yaml"]),
        ("model=./yolo26n", ["model=free+.%2Fyolo26n"]),
        ("data=..", ["data=free+.."]),
        ("'data=/data/my set/data.yaml'", ["data=free+%2Fdata%2Fmy%20set%2Fdata.yaml"]),
        ("model=yolo26z", ["model=yolo26z"]),
        ("data=my_data", ["data=my_data"]),
        ("device=cpu", ["device=cpu"]),
        ("device=CPU", ["device=cpu"]),
        ("device=0", ["device=free+0"]),
        ("device=-1", ["device=free+-1"]),
        ("device=0,1", ["device=free+0%2C1"]),
        ("device=[0,1]", ["device=free+0%2C1"]),
        ("device=cuda:1", ["device=free+cuda%3A1"]),
        ("device=None", ["device=free+"]),
        ("device=", ["device=free+"]),
        ("device=gpuu", ["device=gpuu"]),
        ("+experiment=demo ~export", ["~export", "+experiment=demo"]),
        ("model@student=yolo26n", ["model@student=yolo26n"]),
        ("hydra/launcher=local", ["hydra/launcher=local"]),
    ],
)
def test_a_groups_value_is_an_option_or_a_free_value(line: str, overrides: list[str]):
    translation = read(line)
    assert translation.problems == ()
    assert list(translation.overrides) == overrides


@pytest.mark.parametrize("option", ["true", "null", "2gpu", "a b", "inf", "1", "it's"])
def test_an_option_with_an_odd_name_stays_text(option: str):
    text = option_text(option, "hparams", [option])
    assert isinstance(text, str)
    assert PARSER.parse_override(f"hparams={text}").value() == option


def test_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    values = accepted(
        ["model=~/best.pt", "data=~/a b/data.yaml", "paths.root=~/runs", "notes=~/x", "pretrained=~/w.pt"]
    )
    assert values == {
        "model": "/home/me/best.pt",
        "data": "/home/me/a b/data.yaml",
        "paths.root": "/home/me/runs",
        "notes": "~/x",
        "pretrained": "/home/me/w.pt",
    }


@pytest.mark.parametrize("line", ["data=[a.yaml,b.yaml]", "data=['a.yaml','b.yaml']", "data=('a.yaml','b.yaml')"])
def test_a_list_of_datasets_is_refused(line: str):
    assert "-m data=<first>,<second>" in refused([line])


@pytest.mark.parametrize("group", ["model", "data"])
def test_no_model_and_no_data_are_refused(group: str):
    assert "leave it out" in refused(f"{group}=None")


# --- Hydra's own syntax ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("model.pretrained=false", "model.pretrained", False),
        ("model.pretrained=False", "model.pretrained", False),
        ("approval.cpu=auto", "approval.cpu", "auto"),
        ("approval.cpu=null", "approval.cpu", None),
        ("approval.cpu=None", "approval.cpu", None),
        ("baseline.gate=none", "baseline.gate", "none"),
        ("baseline.tolerance=0.02", "baseline.tolerance", 0.02),
        ("paths.root=/a b/(c), d", "paths.root", "/a b/(c), d"),
        ("paths.root=../x", "paths.root", "../x"),
        ("paths.root=${oc.env:HOME}/x y", "paths.root", "${oc.env:HOME}/x y"),
        ("tracking=[mlflow,wandb]", "tracking", ["mlflow", "wandb"]),
        ("tracking=[]", "tracking", []),
        ("search.space={lr0: 0.1, box: big}", "search.space", {"lr0": 0.1, "box": "big"}),
        ("notes=", "notes", ""),
        ("paths.cache=", "paths.cache", ""),
        ("epochs=int(3.0)", "epochs", 3),
        ("epochs=${data.epochs}", "epochs", "${data.epochs}"),
        ("++lr0=0.5", "lr0", 0.5),
        ("+paths.more=1", "paths.more", 1),
        ("hydra.job.name=a", "hydra.job.name", "a"),
    ],
)
def test_hydras_syntax_works(word: str, key: str, value: Any):
    assert accepted([word]) == {key: value}


def test_a_quoted_number_is_text_as_in_ultralytics():
    assert "lr0=0.5" in refused(["lr0='0.5'"])


def test_the_mark_before_a_key_stays():
    assert read("++lr0=0.5 +paths.a=1 ~tracking ~b=2").overrides == ("~tracking", "~b=2", "++lr0=0.5", "+paths.a=1")


@pytest.mark.parametrize(
    ("word", "key", "values"),
    [
        ("lr0=0.001,0.005,0.01", "lr0", [0.001, 0.005, 0.01]),
        ("lr0=1e-3, 5e-3", "lr0", [0.001, 0.005]),
        ("epochs=1e1,20", "epochs", [10, 20]),
        ("optimizer=sgd,AdamW", "optimizer", ["SGD", "AdamW"]),
        ("cos_lr=True,False", "cos_lr", [True, False]),
        ("time=None,0.5", "time", [None, 0.5]),
        ("freeze=0,1", "freeze", [0, 1]),
        ("freeze=[0,1],[2]", "freeze", [[0, 1], [2]]),
        ("freeze=[0,1]", "freeze", [0, 1]),
        ("scale=(0.3,0.7),(0.5,0.9)", "scale", [[0.3, 0.7], [0.5, 0.9]]),
        ("scale=(0.3,0.7),0.5", "scale", [[0.3, 0.7], 0.5]),
        ("classes=[0,2],1", "classes", [[0, 2], 1]),
        ("model=yolo11n,best.pt,yolo26n-seg", "model", ["yolo11n", "best.pt", "yolo26n-seg.pt"]),
        ("model=choice(yolo11n,best.pt)", "model", ["yolo11n", "best.pt"]),
        ("data='/a,b/data.yaml',coco8", "data", ["/a,b/data.yaml", "coco8"]),
        ("device=0,1", "device", ["0", "1"]),
        ("device=[0,1],[2,3]", "device", ["0,1", "2,3"]),
        ("device=[0,1]", "device", "0,1"),
        ("device=cpu,0", "device", ["cpu", "0"]),
        ("hparams=default,finetune", "hparams", ["default", "finetune"]),
        ("model.pretrained=true,false", "model.pretrained", [True, False]),
        ("paths.root='/a,b',c", "paths.root", ["/a,b", "c"]),
        ("epochs=range(1,4)", "epochs", [1, 2, 3]),
        ("lr0=choice(0.1,1e-2)", "lr0", [0.1, 0.01]),
        ("optimizer=choice(sgd,adam)", "optimizer", ["SGD", "Adam"]),
        ("epochs=shuffle(range(1,2))", "epochs", [1]),
        ("epochs=3", "epochs", 3),
        ("name=a,b", "name", "a,b"),
    ],
)
def test_with_m_commas_and_functions_sweep(word: str, key: str, values: list[Any]):
    translation = read(["-m", word])
    assert translation.multirun
    assert translation.problems == ()
    assert parse(translation) == {key: values}


@pytest.mark.parametrize("word", ["lr0=tag(log,interval(1e-4,1e-1))", "lr0=interval(0, 1)", "data=glob(coco*)"])
def test_a_function_of_hydra_stays_as_it_is(word: str):
    translation = read(["-m", word])
    assert translation.problems == ()
    assert translation.overrides == (word,)
    assert PARSER.parse_override(word).is_sweep_override()


@pytest.mark.parametrize(
    "word",
    [
        "lr0=0.001,0.005",
        "optimizer=SGD,AdamW",
        "cos_lr=True,False",
        "epochs=1,2",
        "lr0=choice(0.1,0.2)",
        "lr0=interval(0,1)",
        "lr0=tag(log,interval(1e-4,1e-1))",
        "model=yolo26n,yolo26s",
        "model=yolo26n,yolo99",
        "model=a.pt,b.pt",
        "data=coco8,coco128",
        "data=a/x.yaml,b/x.yaml",
        "data=glob(*)",
        "hparams=default,finetune",
        "baseline.tolerance=0.1,0.2",
    ],
)
def test_without_m_several_values_are_refused(word: str):
    message = refused([word])
    assert f"yololab -m {word}" in message
    assert read([word]).overrides == ()
    assert read(["-m", word]).problems == ()


def test_each_value_of_a_sweep_is_checked():
    assert "lr0: 3" in refused("-m lr0=0.1,3")


# --- commands and flags ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "command", "operands", "overrides"),
    [
        ("", "train", (), ()),
        ("train", "train", (), ()),
        ("check data=a/data.yaml", "check", (), ("data=free+a%2Fdata.yaml",)),
        ("estimate epochs=3 cos_lr", "estimate", (), ("epochs=3", "cos_lr=true")),
        ("model=a.pt evaluate data=coco8", "evaluate", (), ("model=free+a.pt", "data=coco8")),
        ("evaluate mode=val model=a.pt", "evaluate", (), ("model=free+a.pt",)),
        ("compare A", "compare", ("A",), ()),
        ("compare 'a b/run' ../B baseline.gate=none", "compare", ("a b/run", "../B"), ("baseline.gate=none",)),
        ("compare A --baseline.gate=degraded", "compare", ("A",), ("baseline.gate=degraded",)),
        ("compare multirun/lr0=0.1/0", "compare", ("multirun/lr0=0.1/0",), ()),
        ("compare train check", "compare", ("train", "check"), ()),
        ("promote RUN", "promote", ("RUN",), ()),
        ("runs", "runs", (), ()),
        ("runs paths.root=x lr0=0.1", "runs", ("paths.root=x", "lr0=0.1"), ()),
        ("note RUN 'lr0=0.1 was bad, [really] = x'", "note", ("RUN", "lr0=0.1 was bad, [really] = x"), ()),
        ("note RUN --help-me", "note", ("RUN", "--help-me"), ()),
        ("rerun RUN epochs=3", "rerun", ("RUN",), ("epochs=3",)),
        ("report outputs/x", "report", ("outputs/x",), ()),
    ],
)
def test_each_command_is_read(line: str, command: str, operands: tuple[str, ...], overrides: tuple[str, ...]):
    translation = read(line)
    assert translation == Translation(command, operands, overrides)


@pytest.mark.parametrize("name", [name for name, row in SYNTAX.items() if row.operands and not row.filters])
def test_a_wrong_number_of_operands_shows_the_usage(name: str):
    if SYNTAX[name].operands[1] < 4:
        assert SYNTAX[name].usage in refused(f"{name} a b c d")
    if SYNTAX[name].operands[0]:
        assert SYNTAX[name].usage in refused(name)


@pytest.mark.parametrize("line", ["--json compare A", "compare --json A", "compare A --json", "runs --json"])
def test_json_is_a_flag_of_file_commands(line: str):
    assert read(line).json
    assert read(line).problems == ()
    assert "compare" in refused("guide --json")


def test_the_protocol_of_an_evaluation_is_set_where_it_is_read():
    protocol = {item.name for item in fields(EvaluationConfig)} & {
        name for name, row in TRAIN_ARGUMENTS.items() if row.owner == "user"
    }
    assert SYNTAX["evaluate"].protocol == protocol - {"imgsz"}  # the training's size is what it falls back to
    assert accepted("train conf=0.3") == {"conf": 0.3}


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("--help", OVERVIEW),
        ("-h", OVERVIEW),
        ("help", OVERVIEW),
        ("HELP", OVERVIEW),
        ("lr0=0.1 -h", OVERVIEW),
        ("train --help", "train"),
        ("compare --help", "compare"),
        ("compare help", "compare"),
        ("help compare", "compare"),
        ("epochs=3 estimate --help", "estimate"),
    ],
)
def test_help_is_ours(line: str, topic: str):
    assert read(line).help == topic


@pytest.mark.parametrize("line", ["--version", "version", "train --version"])
def test_version_is_ours(line: str):
    assert read(line).version


@pytest.mark.parametrize(
    ("line", "flags", "overrides"),
    [
        ("--cfg job", ("--cfg", "job"), ()),
        ("--cfg=all epochs=3", ("--cfg", "all"), ("epochs=3",)),
        ("-c hydra --resolve -p model", ("--cfg", "hydra", "--resolve", "--package", "model"), ()),
        ("--info", ("--info",), ()),
        ("-i defaults-tree epochs=3", ("--info", "defaults-tree"), ("epochs=3",)),
        ("-i epochs=3", ("--info",), ("epochs=3",)),
        ("--config-dir 'a b' epochs=3", ("--config-dir", "a b"), ("epochs=3",)),
        ("-cd=x", ("--config-dir", "x"), ()),
        ("--hydra-help", ("--hydra-help",), ()),
        ("--run epochs=3", (), ("epochs=3",)),
        ("-sc install=bash", ("--shell-completion",), ("install=bash",)),
    ],
)
def test_hydras_flags_are_passed_on(line: str, flags: tuple[str, ...], overrides: tuple[str, ...]):
    assert read(line) == Translation(hydra_flags=flags, overrides=overrides)


def test_multirun_may_stand_anywhere():
    for line in ("-m epochs=1,2", "train -m epochs=1,2", "epochs=1,2 --multirun"):
        assert read(line) == Translation(overrides=("epochs=1,2",), multirun=True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--config-name x", "experiment=<recipe>"),
        ("-cp x", "--config-dir"),
        ("--experimental-rerun x", "yololab rerun"),
        ("-c x.yaml", "one of job, hydra, all"),
        ("--info=nonsense", "defaults-tree"),
        ("--package", "no value"),
        ("--cfg", "job, hydra, all"),
        ("-x", "unknown flag"),
        ("compare A --cfg job", "compare CURRENT"),
        ("compare A -m", "train"),
        ("evaluate -m model=a.pt,b.pt", "train"),
    ],
)
def test_a_flag_that_does_not_fit_is_refused(line: str, words: str):
    assert words in refused(line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("val model=a.pt", "yololab evaluate"),
        ("detect val", "yololab evaluate"),
        ("mode=val", "yololab evaluate"),
        ("benchmark model=a.pt", "yolo benchmark"),
        ("export model=a.pt", "yolo export"),
        ("mode=track", "yolo track"),
        ("benchmark", "yolo benchmark"),
        ("mode=cook", "one of train"),
        ("model=a.pt resume", "yololab resume"),
        ("train check", "second command"),
        ("trian", "train"),
        ("chekc", "check"),
        ("epoch", "epochs"),
        ("epochs", "epochs=<value>"),
        ("channels_last", "channels_last=<value>"),
        ("hparams", "finetune"),
        ("best.pt", "model=best.pt"),
        ("data.yaml", "data=data.yaml"),
        ("epochs=", "epochs=<value>"),
        ("hparams=", "one of default, finetune"),
        ("=3", "no key"),
        ("project=x", "paths.root"),
        ("--project x", "paths.root"),
        ("exist_ok", "own folder"),
        ("save=False", "leave it out"),
        ("split=test", "evaluation.split"),
        ("resume=True", "yololab resume"),
        ("--resume last.pt", "yololab resume"),
        ("format=onnx", "export.format"),
        ("+save_dir=x", "paths.root"),
        ("half", "quantize=16"),
        ("show", "yolo predict"),
        ("augmentations=[]", "augmentation="),
        ("task=cook", "detect"),
        ("evaluate model=a.pt conf=0.3", "evaluation.conf=0.3"),
        ("evaluate model=a.pt split=test", "evaluation.split"),
    ],
)
def test_what_cannot_be_done_names_what_can(line: str, words: str):
    assert words in refused(line)


@pytest.mark.parametrize("word", SPECIAL_COMMANDS)
def test_the_special_words_of_yolo_are_refused(word: str):
    assert "use `yolo " in refused(word)


def test_all_problems_are_found_at_once_and_the_rest_is_translated():
    translation = read("lr0=abc epochs=3 project=x benchmark bogus freeze=[a data=coco8")
    assert [problem.where for problem in translation.problems] == ["freeze=[a"]
    translation = read("lr0=abc epochs=3 project=x benchmark bogus data=coco8")
    assert [problem.where for problem in translation.problems] == ["bogus", "mode benchmark", "lr0", "project"]
    assert translation.overrides == ("epochs=3", "data=coco8")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("--epochs 3 --lr0 0.1", {"epochs": 3, "lr0": 0.1}),
        ("--cos_lr --epochs 3", {"cos_lr": True, "epochs": 3}),
        ("--cos_lr epochs=3", {"cos_lr": True, "epochs": 3}),
        ("--cos_lr False --rect true", {"cos_lr": False, "rect": True}),
        ("--cos_lr train", {"cos_lr": True}),
        ("--cache ram --amp bf16", {"cache": "ram", "amp": "bf16"}),
        ("--cache train", {"cache": True}),
        ("--pretrained detect", {"pretrained": True}),
        ("--pretrained w.pt", {"pretrained": "w.pt"}),
        ("--batch -1 --device -1", {"batch": -1, "device": "-1"}),
        ("--freeze [0, 1] --device 0,1", {"freeze": [0, 1], "device": "0,1"}),
        ("--model best.pt --data 'a b/data.yaml'", {"model": "best.pt", "data": "a b/data.yaml"}),
        ("--hparams finetune --model.pretrained false", {"hparams": "finetune", "model.pretrained": False}),
        ("--name exp1 --notes 'x = [y'", {"name": "exp1", "notes": "x = [y"}),
        ("--epochs 3, --imgsz 320,", {"epochs": 3, "imgsz": 320}),
        ("-- epochs=3", {"epochs": 3}),
    ],
)
def test_a_value_may_follow_a_dashed_key(line: str, values: dict[str, Any]):
    assert accepted(line) == values


def test_the_last_of_two_values_counts():
    assert read("model=a.pt epochs=bad model=yolo26n epochs=5").overrides == ("model=yolo26n", "epochs=5")
    assert read("lr0=0.1 ++lr0=0.2").overrides == ("++lr0=0.2",)


# --- arguments files -------------------------------------------------------------------------------------------------

FLAT_FILE = """\
# an experiment in one flat file
model: yolo26n.pt
data: /path/to/data.yaml
epochs: 100
imgsz: 640
batch: 16
patience: 20
device: 0  # GPU index, or 'cpu'

# Hyperparameters
lr0: 0.01
momentum: 0.937
weight_decay: 0.0005
scale: 0.5
mosaic: 1.0
"""
FLAT_VALUES = {
    "model": "yolo26n.pt",
    "data": "/path/to/data.yaml",
    "epochs": 100,
    "imgsz": 640,
    "batch": 16,
    "patience": 20,
    "device": "0",
    "lr0": 0.01,
    "momentum": 0.937,
    "weight_decay": 0.0005,
    "scale": 0.5,
    "mosaic": 1.0,
}


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\x00",
    ],
)
def test_a_flat_file_is_taken_as_it_is(tmp_path: Path, encode: Callable[[str], bytes]):
    file = tmp_path / "my configs" / "experiment ü.yaml"
    file.parent.mkdir()
    file.write_bytes(encode(FLAT_FILE))
    assert accepted(["train", "cfg=my configs/experiment ü.yaml"], cwd=tmp_path) == FLAT_VALUES
    assert accepted(["--cfg", str(file)]) == FLAT_VALUES


def test_the_command_line_wins_over_a_file_wherever_it_stands(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(FLAT_FILE)
    for line in ("epochs=3 cfg=a.yaml model=yolo26n device=cpu", "cfg=a.yaml device=cpu model=yolo26n epochs=3"):
        values = accepted(line, cwd=tmp_path)
        assert values == FLAT_VALUES | {"epochs": 3, "model": "yolo26n", "device": "cpu"}


@pytest.mark.torch
def test_of_two_files_the_first_counts_as_in_ultralytics(tmp_path: Path, yolo: Yolo):
    (tmp_path / "a.yaml").write_text("epochs: 3\nlr0: 0.1\n")
    (tmp_path / "b.yaml").write_text("epochs: 5\nbox: 7\ncfg: c.yaml\n")
    line = f"train data=coco8.yaml cfg={tmp_path}/a.yaml cfg={tmp_path}/b.yaml"
    expected = yolo(line.split()).overrides
    assert {name: expected[name] for name in ("epochs", "lr0", "box")} == {"epochs": 3, "lr0": 0.1, "box": 7}
    assert {**accepted(line), "data": "coco8.yaml"} == {"epochs": 3, "lr0": 0.1, "box": 7, "data": "coco8.yaml"}


def test_a_file_never_sweeps(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("device: 0,1\nfreeze: [0, 1]\nname: a,b\nnotes: x, ${y}\n")
    assert read("-m cfg=a.yaml", cwd=tmp_path).overrides == (
        "device=free+0%2C1",
        "freeze=[0,1]",
        "name='a,b'",
        "notes='x, \\${y}'",
    )


@pytest.mark.torch
def test_a_full_copy_of_ultralytics_defaults_is_taken(ultralytics_cfg: ModuleType):
    values = accepted(f"cfg={ultralytics_cfg.DEFAULT_CFG_PATH}", groups={})
    defaults = {name: row.default for name, row in TRAIN_ARGUMENTS.items() if row.owner == "user"}
    assert values == defaults


def test_a_file_names_task_and_mode(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("task: segment\nmode: train\ndata: null\nmodel:\ntime: None\n")
    translation = read("cfg=a.yaml", cwd=tmp_path)
    assert translation.task == "segment"
    assert parse(translation) == {"time": None, "model": "yolo26n-seg.pt"}
    assert read("pose train cfg=a.yaml", cwd=tmp_path).task == "pose"
    (tmp_path / "a.yaml").write_text("task: cook\nmode: val\n")
    message = refused("cfg=a.yaml", cwd=tmp_path)
    assert "a.yaml: task: 'cook'" in message
    assert "yololab evaluate" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("epoch: 3\n", "a.yaml: epoch: no train argument\n    did you mean epochs?"),
        ("epochs: many\n", "a.yaml: epochs: 'many'\n    allowed: a whole number of at least 1"),
        ("lr0: 1e-3\n", "write it as a number: lr0=0.001"),
        ("project: runs\n", "a.yaml: project"),
        ("format: onnx\n", "export.format"),
        ("data: [a.yaml, b.yaml]\n", "a.yaml: data"),
        ("half: true\n", "quantize=16"),
        ("- epochs\n", "a list"),
        ("epochs\n", "a str"),
        ("epochs: [3\n", "cfg=a.yaml, line 2, column 1: not readable as YAML"),
        ("a: 2024-13-45\n", "not readable as YAML"),
    ],
)
def test_a_bad_file_names_the_file_and_the_line(tmp_path: Path, content: str, words: str):
    (tmp_path / "a.yaml").write_text(content)
    assert words in refused("cfg=a.yaml", cwd=tmp_path)


def test_an_unreadable_file_is_a_problem(tmp_path: Path):
    (tmp_path / "latin.yaml").write_bytes("data: ñ.yaml".encode("latin-1"))
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "text.txt").write_text("epochs: 3")
    for name, words in [
        ("missing.yaml", "no such file"),
        ("latin.yaml", "UTF-8"),
        ("folder.yaml", "directory"),
        ("text.txt", "not a .yaml file"),
        ("", "not a .yaml file"),
    ]:
        assert words in refused([f"cfg={name}"], cwd=tmp_path)


def test_an_empty_file_and_no_file_say_nothing(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("# nothing\n")
    assert accepted("cfg=a.yaml", cwd=tmp_path) == {}
    assert accepted("cfg=None", cwd=tmp_path) == {}


def test_a_date_in_a_file_is_text(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("name: 2024-01-02\n")
    assert read_arguments_file(tmp_path / "a.yaml") == {"name": "2024-01-02"}


def test_a_reader_that_fails_is_a_problem(tmp_path: Path):
    def fail(path: Path) -> dict[str, Any]:
        raise OSError(f"cannot read {path.name}")

    translation = translate(["cfg=a.yaml", "epochs=3"], SYNTAX, GROUPS, tmp_path, fail)
    assert translation.problems[0].found == "cannot read a.yaml"
    assert translation.overrides == ("epochs=3",)


# --- pieces ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a, b", ["a", "b"]),
        ("(1,2),[3,4],{a:5,b:6}", ["(1,2)", "[3,4]", "{a:5,b:6}"]),
        ("'a,b',\"c,d\"", ["'a,b'", '"c,d"']),
        (r"'it\'s, ok',x", [r"'it\'s, ok'", "x"]),
        ("it's,b", ["it's", "b"]),
        ("['a,b',c],d", ["['a,b',c]", "d"]),
        ("/a (1,b", ["/a (1,b"]),
        ("a],b", ["a],b"]),
        ("'a,b", ["'a,b"]),
        ("", [""]),
    ],
)
def test_commas_split_outside_brackets_and_quotes(text: str, parts: list[str]):
    assert split_commas(text) == parts


def test_the_free_groups_are_ultralytics_own_arguments():
    owners = {name: row.owner for name, row in TRAIN_ARGUMENTS.items() if row.owner.startswith("group:")}
    assert owners == {name: f"group:{name}" for name in FREE_GROUPS}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("+hparams.foo=1", "hparams chooses a file"),
        ("hparams.lr=0.1", "write lr0=0.1"),
        ("augmentation.mosaic=0", "write mosaic=0"),
        ("experiment.epochs=3", "write epochs=3"),
        ("epochs:3", "write epochs=3"),
        ("-epochs 3", "write epochs=<value>"),
        ("hydra=True", "hydra.job.name"),
        ("hydra={a:1}", "hydra.job.name"),
        ("hydra.mode=x", "RUN, MULTIRUN"),
        ("-m hydra.mode=RUN", "-m is MULTIRUN"),
        ("lr0=[0.1,0.2]", "yololab -m lr0=0.1,0.2"),
        ("freeze=[1,x]", "module names"),
        ("freeze=[1,model.3]", "module names"),
        ("freeze=[cv2]", "module names"),
        ("evaluate hydra.mode=MULTIRUN", "-m"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(line, says):
    assert says in refused(line)


@pytest.mark.parametrize(
    ("line", "overrides", "multirun"),
    [
        ("hydra.mode=MULTIRUN lr0=0.1,0.2", ("lr0=0.1,0.2",), True),
        ("hydra.mode=run", (), False),
        ("-m hydra.mode=multirun", (), True),
        ("-m hydra.sweeper.params.lr0=0.1,0.2", ("++hydra.sweeper.params.lr0='0.1,0.2'",), True),
        ("+hydra.job.env_set.A=b", ("+hydra.job.env_set.A=b",), False),
        ("hydra.job.env_set.A=b", ("++hydra.job.env_set.A=b",), False),
        ("freeze=[1,23.cv2]", ("freeze=[1,'23.cv2']",), False),
    ],
)
def test_hydras_own_forms_of_a_sweep_and_of_open_mappings_are_read(line, overrides, multirun):
    translation = read(line)
    assert not translation.problems
    assert (translation.overrides, translation.multirun) == (overrides, multirun)
