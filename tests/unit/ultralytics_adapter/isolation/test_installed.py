import subprocess
import sys

import pytest

from yololab.data.dataset.locate import dataset_name
from yololab.errors import InputError
from yololab.ultralytics_adapter.isolation import installed


@pytest.mark.process
def test_the_light_modules_import_neither_torch_nor_ultralytics():
    modules = (
        "isolation.installed",
        "isolation.runtime",
        "models.resolve",
        "training.training",
        "contract.symbols",
        "training.effective",
        "models.download",
        "export.exporting",
        "validation.evaluation",
        "probe.timing",
        "isolation.devices",
        "isolation.logs",
        "training.training_file",
        "models.checkpoints",
        "validation.protocol",
        "export.parity",
        "training.ddp_workers",
    )
    code = "import sys\n" + "".join(f"import yololab.ultralytics_adapter.{name}\n" for name in modules)
    code += (
        "from yololab.ultralytics_adapter.isolation.installed import *\n"
        "packaged_datasets_folder(), packaged_model_names(), is_downloadable_asset('x.pt')\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'ultralytics', 'cv2', 'matplotlib'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("version", ["8.4.190", "8.4.191", "8.4.200.post1", "8.4.190+cu126"])
def test_supported_versions_pass(version):
    installed.check_version(version)


@pytest.mark.parametrize("version", ["8.4.189", "8.3.250", "8.5.0", "8.5.0rc1", "9.0.0", "8.5"])
def test_other_versions_are_refused_with_the_range(version):
    with pytest.raises(InputError, match=r">=8\.4\.190,<8\.5") as caught:
        installed.check_version(version)
    assert version in str(caught.value)


def test_packaged_names_have_every_scale_and_unscaled_files():
    names = installed.packaged_model_names()
    assert {"yolo26n.yaml", "yolo26x-seg.yaml", "yolo11s.yaml", "yolo12n.yaml", "yolov8n.yaml", "rtdetr-l.yaml"} <= {
        *names
    }
    assert {"yolov9t.yaml", "yoloe-26l.yaml", "yolov8m-ghost-p2.yaml"} <= {*names}
    assert "yolo26q.yaml" not in names
    assert list(names) == sorted(names)


def test_datasets_folder_holds_the_shipped_files():
    folder = installed.packaged_datasets_folder()
    assert (folder / "coco8.yaml").is_file()
    assert dataset_name(None, folder / "coco8.yaml") == "coco8"


def test_downloadable_names_are_read_without_running_anything_else():
    assert installed.is_downloadable_asset("yolo26n.pt")
    assert installed.is_downloadable_asset("rtdetr-l.pt")
    assert not installed.is_downloadable_asset("best.pt")
    assert not installed.is_downloadable_asset("weights/yolo26n.pt")


@pytest.mark.parametrize(
    ("checkpoint", "architecture"),
    [
        ("yolo26n.pt", "yolo26n.yaml"),
        ("yolov5nu.pt", "yolov5n.yaml"),
        ("rtdetr-x.pt", "rtdetr-x.yaml"),
        ("yolo26x-distill.pt", None),
    ],
)
def test_architecture_of_a_checkpoint(checkpoint, architecture):
    assert installed.architecture_of(checkpoint) == architecture


def test_settings_schema_knows_the_switches():
    version, types = installed.settings_schema()
    assert version.count(".") == 2
    assert types["sync"] is bool
    assert types["runs_dir"] is str
    assert {"mlflow", "clearml", "comet", "dvc", "raytune", "tensorboard", "wandb"} <= {
        key for key, kind in types.items() if kind is bool
    }
