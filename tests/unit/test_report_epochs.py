"""results.csv as the charts read it."""

from __future__ import annotations

import pytest
from report_samples import results_csv

from yololab.errors import InputError
from yololab.report.epochs import read_epochs


def table_of(tmp_path, text: str):
    path = tmp_path / "results.csv"
    path.write_bytes(text.encode("utf-8"))
    return read_epochs(path)


def test_columns_are_sorted_by_what_they_are(tmp_path):
    table = table_of(tmp_path, results_csv(3, loss="l1_loss"))
    assert table.epochs == (1, 2, 3)
    assert [name for name in table.losses if name.startswith("train/")] == [
        "train/box_loss",
        "train/cls_loss",
        "train/l1_loss",
    ]
    assert len(table.metrics) == 4
    assert list(table.learning_rates) == ["lr/pg0", "lr/pg1", "lr/pg2"]
    assert all(len(values) == 3 for values in (*table.losses.values(), *table.metrics.values()))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_padding_bom_and_line_ends_do_not_matter(newline, tmp_path):
    table = table_of(tmp_path, f"\ufeff  epoch,  train/loss{newline}  1,  0.5{newline}")
    assert (table.epochs, dict(table.losses)) == ((1,), {"train/loss": (0.5,)})


def test_what_is_no_finite_number_is_unknown(tmp_path):
    table = table_of(tmp_path, "epoch,train/loss\n1,nan\n2,inf\n3,\n4,0\n")
    assert table.losses["train/loss"] == (None, None, None, 0.0)


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    table = table_of(tmp_path, "epoch,train/a,train/b\n1,1,1\n2,2\n3,3,3")
    assert table.epochs == (1,)


def test_an_epoch_that_was_trained_again_counts_once(tmp_path):
    table = table_of(tmp_path, "epoch,train/loss\n1,3\n2,2\n3,9\n3,1\n4,0.5\n")
    assert table.epochs == (1, 2, 3, 4)
    assert table.losses["train/loss"] == (3, 2, 1, 0.5)


def test_zeros_of_an_epoch_without_validation_are_not_measured(tmp_path):
    text = "epoch,train/loss,metrics/mAP50(B),val/loss\n1,3,0,0\n2,2,0,1.5\n3,0,0.4,1.2\n"
    table = table_of(tmp_path, text)
    assert table.metrics["metrics/mAP50(B)"] == (None, 0.0, 0.4)
    assert table.losses["val/loss"] == (None, 1.5, 1.2)
    assert table.losses["train/loss"] == (3, 2, 0)


@pytest.mark.parametrize("content", [b"", b"no table\n", b"\xff\xfe\x00", b"epoch,train/loss"])
def test_what_is_no_table_is_refused(content, tmp_path):
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_epochs(path)


def test_a_table_with_a_header_only_has_no_epochs(tmp_path):
    assert table_of(tmp_path, "epoch,train/loss\n").epochs == ()
