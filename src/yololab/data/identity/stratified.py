"""Drawing a part of the training images with every class in proportion."""

from collections import Counter
from collections.abc import Sequence

import numpy as np


def stratified_subset(classes: Sequence[frozenset[int]], amount: float, seed: int) -> list[int]:
    """Choose images so that each class keeps its share.

    Images are grouped by their rarest class (backgrounds are a group of their own) and each group gives its part,
    drawn without replacement; fractions are settled by the largest remainders, so the size is exact.

    Args:
        classes: The classes that occur in each image.
        amount: A ratio in (0, 1], or a number of images above 1.
        seed: The seed of the draw.

    Returns:
        Indices of the chosen images, ascending; never empty when there are images.

    >>> stratified_subset([frozenset({0})] * 4 + [frozenset({1})] * 4, 0.5, seed=0).__len__()
    4
    """
    total = len(classes)
    wanted = min(total, max(1, round(total * amount) if amount <= 1 else int(amount)))
    frequency = Counter(index for present in classes for index in present)
    groups: dict[int, list[int]] = {}
    for image, present in enumerate(classes):
        rarest = min(present, key=lambda index: (frequency[index], index), default=-1)
        groups.setdefault(rarest, []).append(image)
    rng = np.random.default_rng(seed)
    shares = {group: len(images) * wanted / total for group, images in groups.items()}
    counts = {group: int(share) for group, share in shares.items()}
    by_remainder = sorted(shares, key=lambda group: (counts[group] - shares[group], group))
    for group in by_remainder[: wanted - sum(counts.values())]:
        counts[group] += 1
    chosen: list[int] = []
    for group in sorted(groups):
        picked = rng.choice(len(groups[group]), size=counts[group], replace=False)
        chosen += [groups[group][position] for position in picked]
    return sorted(chosen)
