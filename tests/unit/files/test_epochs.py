import os

import pytest

from yololab.errors import InputError
from yololab.files.epochs import read_columns, read_results, trim_epochs

HEADER = "epoch,time,train/box_loss,train/cls_loss,train/dfl_loss,metrics/mAP50(B),val/box_loss,lr/pg0"


@pytest.fixture
def table(tmp_path):
    def write(text, **keywords):
        path = tmp_path / "results.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_results(path, **keywords)

    return write


def test_columns_are_found_by_their_prefix(table):
    read = table(f"{HEADER}\n1,2.5,1,2,3,0.25,4,0.01\n2,4.5,0.5,1,2,0.5,3,0.005\n")
    assert read.epochs == (1, 2)
    assert read.seconds == (2.5, 2.0)
    assert read.losses == {
        "train/box_loss": (1.0, 0.5),
        "train/cls_loss": (2.0, 1.0),
        "train/dfl_loss": (3.0, 2.0),
        "val/box_loss": (4.0, 3.0),
    }
    assert read.metrics == {"metrics/mAP50(B)": (0.25, 0.5)}
    assert read.learning_rates == {"lr/pg0": (0.01, 0.005)}
    assert read.train_losses() == (6.0, 3.5)


def test_other_columns_of_another_model_and_task(table):
    read = table("epoch, time, train/l1_loss, metrics/accuracy_top1, lr/pg0\n1,1,0.5,0.75,0.1\n")
    assert read.losses == {"train/l1_loss": (0.5,)}
    assert read.metrics == {"metrics/accuracy_top1": (0.75,)}


def test_zeros_of_an_epoch_without_validation_are_not_measured(table):
    text = f"{HEADER}\n1,1,1,1,1,0,0,0.01\n2,2,1,1,1,0.5,2,0.01\n"
    assert table(text, validated=False).metrics == {"metrics/mAP50(B)": (None, 0.5)}
    assert table(text, validated=False).losses["val/box_loss"] == (None, 2.0)
    assert table(text, validated=False).losses["train/box_loss"] == (1.0, 1.0)
    assert table(text).metrics == {"metrics/mAP50(B)": (0.0, 0.5)}


def test_not_a_number_is_none(table):
    read = table(f"{HEADER}\n1,1,nan,1,1,inf,-inf,0.01\n")
    assert read.losses["train/box_loss"] == (None,)
    assert read.metrics["metrics/mAP50(B)"] == (None,)
    assert read.train_losses() == (None,)


def test_an_epoch_that_was_trained_twice_counts_once_and_time_starts_again(table):
    read = table(f"{HEADER}\n1,10,1,1,1,.1,1,1\n2,20,2,2,2,.2,2,1\n2,7,3,3,3,.3,3,1\n3,15,4,4,4,.4,4,1\n")
    assert read.epochs == (1, 2, 3)
    assert read.losses["train/box_loss"] == (1.0, 3.0, 4.0)
    assert read.seconds == (10.0, 7.0, 8.0)


def test_a_line_that_was_cut_off_is_left_out(table):
    assert table(f"{HEADER}\n1,1,1,1,1,.1,1,1\n2,2,1,1").epochs == (1,)
    assert table(f"{HEADER}\n1,1,1,1,1,.1,1,1\n2,2,1,1,1,.1,1,0.0").epochs == (1,)


def test_byte_order_mark_and_windows_line_ends(table):
    assert table(f"\ufeff{HEADER}\r\n1,1,1,1,1,.1,1,1\r\n".encode()).epochs == (1,)


def test_a_table_without_epochs(table):
    read = table(HEADER + "\n")
    assert read.epochs == ()
    assert read.train_losses() == ()


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", b"\xff\xfe\x00bin"])
def test_what_is_no_table_is_refused(table, text):
    with pytest.raises(InputError, match=r"results\.csv"):
        table(text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_results(tmp_path / "results.csv")


class TestTheTable:
    HEADER = "epoch,time,train/loss"

    @pytest.mark.parametrize(
        ("lines", "kept"),
        [
            (["1,2.5,0.9", "2,5,0.8"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9", "2,5,0.8", "3,7.5,0.7"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9", "2,5,0.85", "2,6,0.8"], ["1,2.5,0.9", "2,6,0.8"]),
            (["1,2.5,0.9", "garbage", "2,5,0.8", "3,7"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9"], ["1,2.5,0.9", "2,5,0.8"]),
        ],
    )
    def test_it_has_each_epoch_once(self, tmp_path, lines, kept):
        file = tmp_path / "results.csv"
        file.write_text("\n".join([self.HEADER, *lines]) + "\n")
        earlier = {"epoch": [1, 2], "time": [2.5, 5.0], "train/loss": [0.9, 0.8]}
        seconds = trim_epochs(file, 2, earlier)
        assert file.read_text().splitlines() == [self.HEADER, *kept]
        assert seconds == float(kept[-1].split(",")[1])

    def test_a_lost_one_is_made_from_the_checkpoint(self, tmp_path):
        file = tmp_path / "results.csv"
        assert trim_epochs(file, 1, {"epoch": [1, 2], "time": [2.5, 5.0], "train/loss": [0.9, 0.8]}) == 2.5
        assert file.read_text() == f"{self.HEADER}\n1,2.5,0.9\n"

    def test_a_row_without_its_end_is_taken_out(self, tmp_path):
        file = tmp_path / "results.csv"
        file.write_text(f"{self.HEADER}\n1,2.5,0.9\n2,5,0.8")
        trim_epochs(file, 2, {})
        assert file.read_text() == f"{self.HEADER}\n1,2.5,0.9\n"

    def test_nothing_makes_nothing(self, tmp_path):
        assert trim_epochs(tmp_path / "results.csv", 0, {}) == 0.0
        assert not (tmp_path / "results.csv").exists()


@pytest.mark.parametrize("epoch", ["1e300", "-3", "10000000", "nan", "9" * 5000])
def test_a_line_of_an_impossible_epoch_is_left_out(table, epoch):
    assert table(f"{HEADER}\n1,1,1,1,1,1,1,0.01\n{epoch},2,1,1,1,1,1,0.01\n").epochs == (1,)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "results.csv")
    with pytest.raises(InputError, match="a pipe"):
        read_results(tmp_path / "results.csv")


def test_columns_for_a_checkpoint_are_those_that_polars_reads_for_ultralytics(tmp_path):
    polars = pytest.importorskip("polars")
    path = tmp_path / "results.csv"
    path.write_text("epoch,time,metrics/mAP50(B),val/box_loss,lr/pg0\n1,2.5,0,NaN,1e-05\n2,4,0.25,,0.0002\n")
    theirs = polars.read_csv(path.read_bytes(), infer_schema_length=None).to_dict(as_series=False)
    ours = read_columns(path)
    assert repr(ours) == repr(theirs)  # NaN is not equal to itself
    assert [type(value) for values in ours.values() for value in values[:1]] == [int, float, float, float, float]
