"""Real experiment trackers, read back with their own readers; each is skipped where its extra is not installed.

The processes are those of a user's run: `python -m yololab.tracking.feeding`. Nothing may appear under the home folder.
"""

from __future__ import annotations

import json
import struct
from importlib.util import find_spec
from pathlib import Path

import pytest
from adapter_samples import MICRO
from command_line import QUICK, yololab
from sweep_samples import write_sweep, write_trial
from tiny import make_dataset
from whole_run import write_whole_run

from yololab.files.paths import RunFolder, TrackingStore
from yololab.sweep.results.summary import read_summary
from yololab.sweep.results.summary_files import store_summary
from yololab.tracking.launch import feed_again

pytestmark = [pytest.mark.tracking, pytest.mark.slow]
ASKED_FOR = ("MLFLOW_TRACKING_URI", "WANDB_MODE", "COMET_START_ONLINE", "CLEARML_OFFLINE_MODE", "TRACKIO_SPACE_ID")
TRAINING = ("data=pictures/data.yaml", "model=micro.yaml", "epochs=2", "approval=auto", "export=none", *QUICK)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, and a home in which nothing may appear."""
    for name in ASKED_FOR:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    yield tmp_path / "project"
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.fixture
def run(project):
    """A run that is complete, made without a training."""
    folder = project / "outputs/training/cells_20260117_143000"
    folder.mkdir(parents=True)
    return write_whole_run(folder)


def needs(package: str) -> None:
    """Skip the test where a package is not installed; it is imported where it is used, which may write files."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: an extra brings it")


def sent(folder: Path, *names: str):
    """Feed trackers, and return what each has been sent."""
    warned: list[str] = []
    states = feed_again(folder, names, store_of(folder), warned.append)
    assert warned == []
    return states[names[0]]


def store_of(folder: Path) -> TrackingStore:
    return TrackingStore(next(place for place in folder.parents if place.name == "project") / "outputs/tracking")


def mlflow_client(project: Path):
    """MLflow's own reader of what lies in the project."""
    needs("mlflow")
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{store_of(project / 'x').mlflow_database}")


def mlflow_runs(client):
    (experiment,) = (item for item in client.search_experiments() if item.name == "yololab")
    return client.search_runs([experiment.experiment_id])


def value_of(run: RunFolder) -> float:
    return json.loads(run.metrics.read_text())["mAP50-95"]


def add_epoch(run: RunFolder) -> None:
    with run.results.open("a") as file:
        file.write("4,4.5,0.25\n")


def test_mlflow(run, project):
    """`yololab.tracking.trackers.mlflow`: read with MlflowClient; a second attempt continues the run."""
    client = mlflow_client(project)
    sent(run.path, "mlflow")
    add_epoch(run)
    baseline = {"baseline": "/p/outputs/baselines/cells_12345678/detect", "version": "1"}
    run.promoted.write_text(json.dumps({"schema_version": 1, "baselines": [baseline]}))
    sent(run.path, "mlflow")
    (found,) = mlflow_runs(client)
    history = client.get_metric_history(found.info.run_id, "train/loss")
    assert [(item.step, item.value) for item in history] == [(1, 0.8), (2, 0.7), (3, 0.6), (4, 0.25)]
    assert found.data.metrics["evaluation/mAP50-95"] == pytest.approx(value_of(run))
    assert found.data.tags["yololab.verdict"] == "NO_BASELINE"
    assert found.info.status == "FINISHED"
    assert {item.path for item in client.list_artifacts(found.info.run_id)} == {
        *("comparison", "metrics", "report", "weights")
    }
    version = client.get_model_version_by_alias("cells_12345678-detect", "baseline")
    assert version.run_id == found.info.run_id


def test_tensorboard(run):
    """`yololab.tracking.trackers.tensorboard`: read with EventAccumulator; files of several attempts are one."""
    needs("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import PLUGIN_NAME

    sent(run.path, "tensorboard")
    add_epoch(run)
    sent(run.path, "tensorboard")
    read = EventAccumulator(str(run.path / "tensorboard"))
    read.Reload()
    assert [(item.step, round(item.value, 4)) for item in read.Scalars("train/loss")] == [
        *((1, 0.8), (2, 0.7), (3, 0.6), (4, 0.25))
    ]
    assert read.Scalars("evaluation/mAP50-95")[-1].value == pytest.approx(value_of(run))
    assert read.Tensors("facts/verdict")[0].tensor_proto.string_val == [b"NO_BASELINE"]
    assert read.PluginTagToContent(PLUGIN_NAME)


def wandb_records(data: bytes):
    """Yield the messages of a .wandb file: a log in LevelDB's format, of blocks of 32 KiB, after seven bytes."""
    place, whole = 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        whole, place = whole + data[place + 7 : place + 7 + length], place + 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield whole
            whole = b""


def test_wandb_offline(run):
    """`yololab.tracking.trackers.wandb`: the file that `wandb sync` would send, in its own messages."""
    needs("wandb")
    from wandb.proto import wandb_internal_pb2

    state = sent(run.path, "wandb")
    (file,) = Path(state.place.removeprefix("wandb sync ")).glob("*.wandb")
    rows, summary = [], {}
    for data in wandb_records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.HasField("history"):
            rows.append({item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item})
        for item in record.summary.update:
            summary[item.key or item.nested_key[0]] = json.loads(item.value_json)
    assert [(row["epoch"], row["train/loss"]) for row in rows if "train/loss" in row] == [(1, 0.8), (2, 0.7), (3, 0.6)]
    assert rows[-1]["evaluation/mAP50-95"] == pytest.approx(value_of(run))
    assert summary["verdict"] == "NO_BASELINE"


def test_trackio(run, monkeypatch):
    """`yololab.tracking.trackers.trackio`: read with its own reader."""
    needs("trackio")
    sent(run.path, "trackio")
    add_epoch(run)
    sent(run.path, "trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(store_of(run.path).of("trackio")))
    from trackio.sqlite_storage import SQLiteStorage

    (name,) = SQLiteStorage.get_runs("yololab")
    rows = [row for row in SQLiteStorage.get_logs("yololab", name) if "train/loss" in row]
    assert [row["train/loss"] for row in rows] == [0.8, 0.7, 0.6, 0.25]


def test_clearml_offline(run):
    """`yololab.tracking.trackers.clearml`: the session that `Task.import_offline_session` would send."""
    needs("clearml")
    first = sent(run.path, "clearml")
    add_epoch(run)
    second = sent(run.path, "clearml")
    assert first.id == second.id
    session = Path(second.place.partition(".zip")[0])
    reports = [json.loads(line) for line in (session / "metrics.jsonl").read_text().splitlines()]
    values = [(item["iter"], item["value"]) for report in reports for item in report if item.get("metric") == "train"]
    assert values == [(1, 0.8), (2, 0.7), (3, 0.6), (4, 0.25)]
    assert "NO_BASELINE" in (session / "task.json").read_text()
    assert list(session.rglob("best.pt"))


def test_comet_offline(run):
    """`yololab.tracking.trackers.comet`: the archives that `comet upload` would send."""
    needs("comet_ml")
    from zipfile import ZipFile

    sent(run.path, "comet")
    add_epoch(run)
    state = sent(run.path, "comet")
    archives = sorted(store_of(run.path).of("comet").glob("*.zip"), key=lambda path: path.stat().st_mtime)
    assert all(path.name.startswith(state.id) for path in archives)
    values = []
    for path in archives:
        messages = ZipFile(path).read("messages.json").decode().splitlines()
        metrics = [json.loads(line)["payload"].get("metric") for line in messages]
        values += [
            (item["step"], item["metricValue"]) for item in metrics if item and item["metricName"] == "train/loss"
        ]
    assert sorted(values) == [(1, 0.8), (2, 0.7), (3, 0.6), (4, 0.25)]


def test_dvc(run):
    """`yololab.tracking.trackers.dvc`: the tables of DVCLive."""
    needs("dvclive")
    sent(run.path, "dvc")
    add_epoch(run)
    sent(run.path, "dvc")
    table = (run.path / "dvclive/plots/metrics/train/loss.tsv").read_text().split()
    assert table == ["step", "loss", "1", "0.8", "2", "0.7", "3", "0.6", "4", "0.25"]
    assert json.loads((run.path / "dvclive/metrics.json").read_text())["facts"]["verdict"] == "NO_BASELINE"


def test_a_sweep_is_the_parent_of_its_trials(project):
    client = mlflow_client(project)
    sweep = write_sweep(project / "multirun/search_1", budget=2)
    for number, found in ((0, 0.3), (1, 0.8)):
        trial = write_trial(sweep, number, {"lr0": 0.1}, found=found)
        sent(trial.path, "mlflow")  # the trial comes first: it makes its parent
    store_summary(read_summary(sweep))
    sent(sweep.path, "mlflow")
    runs = {item.info.run_name: item for item in mlflow_runs(client)}
    assert set(runs) == {"search_1", "search_1/0", "search_1/1"}
    parents = {runs[name].data.tags.get("mlflow.parentRunId") for name in ("search_1/0", "search_1/1")}
    assert parents == {runs["search_1"].info.run_id}
    assert runs["search_1"].data.tags["yololab.winner"] == "1"
    assert [item.step for item in client.get_metric_history(runs["search_1"].info.run_id, "trial/mAP50-95")] == [0, 1]


def test_a_server_that_is_gone_costs_nothing_but_the_tracker(run, monkeypatch):
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2hunter2@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said: list[str] = []
    states = feed_again(run.path, ["mlflow"], store_of(run.path), said.append)
    assert len(said) == 1
    assert "yololab track" in said[0]
    assert "hunter2" not in said[0] + json.dumps(states["mlflow"].error)
    assert states["mlflow"].error


def test_a_training_a_sweep_and_a_promotion(project):
    """Real ones, of a small model: what the job starts, feeds and records."""
    client = mlflow_client(project)
    make_dataset(project / "pictures")
    (project / "micro.yaml").write_text(MICRO)
    yololab(*TRAINING, "tracking=[mlflow,tensorboard]", cwd=project)
    run = RunFolder((project / "outputs/training/latest").resolve())
    record = json.loads(run.record.read_text())
    assert record["tracking"]["mlflow"]["ended"] is record["tracking"]["tensorboard"]["ended"] is True
    (found,) = mlflow_runs(client)
    assert len(client.get_metric_history(found.info.run_id, "metrics/mAP50-95")) == 2
    assert found.data.params["epochs"] == "2"
    assert found.data.tags["yololab.status"] == "complete"

    yololab("promote", str(run.path), cwd=project)
    (model,) = client.search_registered_models()
    assert client.get_model_version_by_alias(model.name, "baseline").run_id == found.info.run_id

    yololab("-m", *TRAINING, "lr0=0.001,0.01", "tracking=mlflow", cwd=project)
    (sweep,) = (project / "multirun").iterdir()
    names = sorted(item.info.run_name for item in mlflow_runs(client))
    assert names == sorted([run.path.name, sweep.name, f"{sweep.name}/0", f"{sweep.name}/1"])
