"""The probe's batches: of the size that was asked for, in everything else Ultralytics' loader."""

from __future__ import annotations

import pytest

from yololab.ultralytics_adapter.probe.batches import FEWEST, ProbeBatches, loading_seconds


@pytest.fixture
def make_loader():
    from torch.utils.data import DataLoader

    def make(images: int, batch: int, workers: int = 0):
        items = [{"img": number} for number in range(images)]
        return DataLoader(
            items, batch, num_workers=workers, collate_fn=lambda found: {"img": [i["img"] for i in found]}
        )

    return make


@pytest.mark.torch
def test_it_begins_with_the_fewest_and_gives_the_size_that_is_asked_for(make_loader):
    batches = ProbeBatches(make_loader(10, 4))
    endless = iter(batches)
    assert next(endless)["img"] == list(range(FEWEST))
    batches.size = 3
    assert next(endless)["img"] == [0, 1, 2]
    assert batches.given == 3


@pytest.mark.torch
def test_whole_batches_are_the_loaders_own_over_and_over(make_loader):
    batches = ProbeBatches(make_loader(6, 4))
    batches.size, batches.count = batches.whole, 3
    assert [batch["img"] for batch in batches] == [[0, 1, 2, 3], [4, 5], [0, 1, 2, 3]]
    assert len(batches) == 3


@pytest.mark.torch
def test_a_batch_is_never_larger_than_the_dataset(make_loader):
    assert ProbeBatches(make_loader(3, 16)).whole == 3
    assert ProbeBatches(make_loader(1, 16)).size == 1


@pytest.mark.torch
def test_processes_that_load_ahead_decide_the_size_themselves(make_loader):
    batches = ProbeBatches(make_loader(10, 4, workers=1))
    assert not batches.sizeable
    assert batches.size == batches.whole == 4


def test_loading_is_timed_over_the_first_images_only():
    class Counting:
        asked: tuple[int, ...] = ()

        def __len__(self):
            return 100

        def __getitem__(self, index):
            self.asked = (*self.asked, index)

    dataset = Counting()
    assert loading_seconds(dataset) >= 0
    assert dataset.asked == (0, 1, 2, 3)
    assert loading_seconds([]) >= 0
