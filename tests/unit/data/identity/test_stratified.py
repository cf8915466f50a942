"""Drawing a part of the training images."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from yololab.data.identity.stratified import stratified_subset

IMAGES = st.lists(st.frozensets(st.integers(0, 4), max_size=3), min_size=1, max_size=60)


@given(IMAGES, st.floats(0.01, 1.0), st.integers(0, 5))
def test_size_is_exact_and_images_are_distinct(images, ratio, seed):
    chosen = stratified_subset(images, ratio, seed)
    assert len(chosen) == max(1, round(len(images) * ratio))
    assert len(set(chosen)) == len(chosen)
    assert chosen == sorted(chosen)


def test_same_seed_same_images_other_seed_others():
    images = [frozenset({i % 3}) for i in range(300)]
    assert stratified_subset(images, 0.3, 1) == stratified_subset(images, 0.3, 1)
    assert stratified_subset(images, 0.3, 1) != stratified_subset(images, 0.3, 2)


def test_classes_keep_their_share():
    images = [frozenset({0})] * 80 + [frozenset({1})] * 15 + [frozenset()] * 5
    chosen = stratified_subset(images, 0.2, 0)
    assert [sum(lo <= i < hi for i in chosen) for lo, hi in ((0, 80), (80, 95), (95, 100))] == [16, 3, 1]


def test_rare_class_survives():
    images = [frozenset({0})] * 90 + [frozenset({0, 1})] * 10
    assert any(i >= 90 for i in stratified_subset(images, 10, 0))


def test_count_above_one():
    assert len(stratified_subset([frozenset({0})] * 50, 7, 0)) == 7
    assert len(stratified_subset([frozenset({0})] * 5, 7, 0)) == 5
