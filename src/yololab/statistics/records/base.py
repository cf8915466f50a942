"""What the records of every task have in common: whose images they are, and how they were evaluated."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

_OF_AN_IMAGE = "image_"  # before the name of a property, as an array of a file


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordsHeader:
    """What was evaluated, and how.

    Attributes:
        names: Class index → name, of the model; depth has none, or Ultralytics' one.
        task: Ultralytics' task.
        split: The evaluated split.
        label_fingerprint: Content hash of the labels that were evaluated against.
        protocol: How the evaluation was made.
        ultralytics: The version that made it.
    """

    names: Mapping[int, str]
    task: str
    split: str
    label_fingerprint: str
    protocol: Mapping[str, Any]
    ultralytics: str

    @property
    def common(self) -> dict[str, Any]:
        """Its attributes by name, as those of records; a copy."""
        attributes = {attribute.name: getattr(self, attribute.name) for attribute in fields(RecordsHeader)}
        return attributes | {"names": dict(self.names), "protocol": dict(self.protocol)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Records(RecordsHeader, ABC):
    """What one evaluation keeps of each image.

    Attributes:
        keys: Keys of the images, sorted, unique; I of them.
        properties: What was measured of the images themselves (`brightness`, `blur`), f32, shape (I,) each, NaN where
            it is not known; empty where nothing was.
    """

    RECORD_TYPE: ClassVar[str]
    # Name of an array → its types as numpy writes them, and its dimensions.
    ARRAYS: ClassVar[Mapping[str, tuple[str, int]]]

    keys: tuple[str, ...] = field(repr=False)
    properties: Mapping[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together: a wrong pairing would give a wrong verdict without any error."""
        if any(a >= b for a, b in zip(self.keys, self.keys[1:], strict=False)):
            raise ValueError("keys are not sorted and unique")
        for name, values in self.properties.items():
            if values.shape != (len(self.keys),):
                raise ValueError(f"{len(self.keys)} keys, but {name} of shape {values.shape}")
        self._check()

    @abstractmethod
    def _check(self) -> None:
        """Raise ValueError where the arrays do not fit the keys or each other."""

    @property
    @abstractmethod
    def measured(self) -> str:
        """What is measured, in words; two records can be paired only when it is the same."""

    @abstractmethod
    def truth_of(self, place: int) -> NDArray[Any]:
        """Return what is known of the labels of an image, in an order that does not depend on the evaluation."""

    @property
    def truth_is_whole(self) -> bool:
        """Whether `truth_of` is all there is of the labels; if not, only their fingerprint can tell them apart."""
        return False

    def same_as(self, other: "Records") -> bool:
        """Return whether all that was found is the same, bit for bit."""
        ours, theirs = self.arrays(), other.arrays()
        return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)

    @property
    def details(self) -> dict[str, Any]:
        """What a file's header has to hold besides the common attributes."""
        return {}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, as they are kept in a file."""
        measured = {_OF_AN_IMAGE + name: values for name, values in self.properties.items()}
        return {name: getattr(self, name) for name in self.ARRAYS} | measured

    @classmethod
    def rebuilt(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return records from what a file holds.

        Args:
            header: The attributes that all records have, and what `details` gave.
            arrays: What `arrays` gave.

        Raises:
            KeyError: Something is missing.
            ValueError: The arrays do not fit together.
        """
        common: dict[str, Any] = {attribute.name: header[attribute.name] for attribute in fields(RecordsHeader)}
        properties = {
            name.removeprefix(_OF_AN_IMAGE): typed_array(arrays, name, "f4", 1)
            for name in arrays
            if name.startswith(_OF_AN_IMAGE)
        }
        return cls(**common, keys=header["keys"], properties=properties, **cls._own(header, arrays))

    @classmethod
    def _own(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:  # noqa: ARG003
        """Return the attributes that are not common to all records."""
        return {name: typed_array(arrays, name, *kind) for name, kind in cls.ARRAYS.items()}


def typed_array(arrays: Mapping[str, NDArray[Any]], name: str, types: str, dimensions: int) -> NDArray[Any]:
    """Return one of several arrays, when it is of its type.

    Raises:
        KeyError: It is not there.
        ValueError: It is of another type: class 10^12 would ask for memory that no machine has.
    """
    array = arrays[name]
    if array.dtype.str[1:] not in types.split() or array.ndim != dimensions:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not {types} of {dimensions} dimension(s)")
    return array
