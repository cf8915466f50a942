"""Which format a folder or a file of labels has: told by what is in the files, not by their names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from yololab.data.conversion.coco_files import Faults, is_list, keys_of, read_instances
from yololab.data.conversion.labelled import Source
from yololab.data.conversion.sources.coco import chosen_files, read_coco
from yololab.data.conversion.sources.csv_table import MOST_BYTES, means_boxes, read_csv, read_lines
from yololab.data.conversion.sources.cvat import read_cvat
from yololab.data.conversion.sources.labelme import read_labelme
from yololab.data.conversion.sources.voc import read_voc
from yololab.data.conversion.sources.xml_files import read_xml
from yololab.data.dataset.data_yaml import YAML_SUFFIXES
from yololab.data.dataset.folder_walk import entries_below
from yololab.errors import InputError, Problem
from yololab.files.paths import DATA_YAML
from yololab.files.reading import read_bytes
from yololab.text import counted, first_of

FORMATS = {
    "coco": "a JSON with images, annotations and categories",
    "voc": "XML files with <annotation>, one an image",
    "cvat": "an XML with <annotations>, and <image> or <track> (CVAT for images or video 1.1)",
    "labelme": "JSON files with shapes, one an image",
    "csv": "a table with a column for the image and four for the box",
}
_SUFFIXES = (".json", ".xml", ".csv", ".tsv")
_SUFFIXES_OF = {
    "coco": _SUFFIXES[:1],
    "labelme": _SUFFIXES[:1],
    "voc": _SUFFIXES[1:2],
    "cvat": _SUFFIXES[1:2],
    "csv": _SUFFIXES[2:],
}
_LOOKED_AT = 20  # files of a kind, until one is recognised
_VIA, _VIA_COLUMN, _HEAD = "_via_img_metadata", b"region_shape_attributes", 4096


@dataclass(frozen=True)
class Options:
    """How a source is read.

    Attributes:
        format: Its format; empty to recognise it.
        task: What the labels are for.
        keep_difficult: Take objects that VOC marks as difficult.
    """

    format: str = ""
    task: str = "detect"
    keep_difficult: bool = False


def read_source(source: Path, options: Options) -> Source:
    """Read labels of any format.

    Args:
        source: A file of labels, or a folder with some.
        options: How.

    Raises:
        InputError: There are none of a known format, of several formats, or everything that is wrong with them.
    """
    root = source if source.is_dir() else source.parent
    files = _label_files(source)
    by_suffix = {suffix: [file for file in files if file.suffix.lower() == suffix] for suffix in _SUFFIXES}
    if options.format:
        found = {options.format: [file for suffix in _SUFFIXES_OF[options.format] for file in by_suffix[suffix]]}
        if source.is_dir():  # what else lies in a folder is passed over; a file that is named is meant
            found = {options.format: _FILES[options.format](by_suffix)}
    else:
        found = {name: _FILES[name](by_suffix) for name in FORMATS}
    found = {name: chosen for name, chosen in found.items() if chosen}
    if len(found) > 1 and source.is_dir():
        what = "; ".join(f"{name} ({counted(len(chosen), 'file')})" for name, chosen in found.items())
        remedy = f"say which: format={next(iter(found))}"
        raise InputError(Problem(str(source), f"labels in several formats: {what}", remedy=remedy))
    if not found:
        raise InputError(_unknown(source, files, options.format))
    name, chosen = next(iter(found.items()))
    readers: dict[str, Callable[[], Source]] = {
        "coco": lambda: read_coco(
            chosen_files(chosen, [keys_of(file) for file in chosen], options.task) if source.is_dir() else chosen,
            root,
            options.task,
        ),
        "voc": lambda: read_voc(chosen, root, options.keep_difficult),
        "cvat": lambda: read_cvat(chosen, root),
        "labelme": lambda: read_labelme(chosen, root),
        "csv": lambda: read_csv(chosen, root),
    }
    return readers[name]()


def _label_files(source: Path) -> list[Path]:
    """Return the file, or those below a folder that may hold labels, sorted."""
    if not source.is_dir():
        return [source]
    found = (Path(path) for path, is_folder in entries_below(source) if not is_folder)
    return sorted(path for path in found if path.suffix.lower() in _SUFFIXES)


def _unknown(source: Path, files: Sequence[Path], wanted: str) -> Problem:
    """Return the problem of a source without labels of a known format, or of the one that was said.

    Raises:
        InputError: The first file cannot be read.
    """
    allowed = FORMATS[wanted] if wanted else "; ".join(f"{name}: {meaning}" for name, meaning in FORMATS.items())
    if source.suffix.lower() in (".7z", ".rar", ".gz"):
        return Problem(str(source), "an archive", "a folder, a .zip or a .tar", "unpack it, and name the folder")
    if yaml := _of_yolo(source):
        remedy = f"it needs no converting: yololab check data={yaml}"
        return Problem(str(source), "a dataset in YOLO's own format", "labels of another program", remedy)
    if any(map(_is_via, files[:_LOOKED_AT])):
        remedy = "in VIA choose Annotation → Export annotations (COCO format)"
        return Problem(str(source), "labels of VIA (VGG Image Annotator)", allowed, remedy)
    for file in files[:1]:  # what keeps it from being read says more
        if file.suffix.lower() == ".xml":
            read_xml(file)
        elif file.suffix.lower() in _SUFFIXES_OF["csv"]:
            read_csv([file], source)
        elif file.suffix.lower() == ".json" and not keys_of(file) and not is_list(file):
            read_instances(file, Faults(file, "annotation"))
    what = f"not {wanted}" if wanted else "no labels of a known format"
    seen = f": looked at {first_of([_seen(file) for file in files])}" if files else ": no .json, .xml or .csv file"
    return Problem(str(source), what + seen, allowed)


def _seen(file: Path) -> str:
    """Return the name of a file, and what a JSON object has in it."""
    keys = keys_of(file) if file.suffix.lower() == ".json" else ()
    return f"{file.name} with {first_of(keys, 5)}" if keys else file.name


def _of_yolo(source: Path) -> Path | None:
    """Return the data.yaml of a source that is a YOLO dataset already; None for anything else."""
    found = [source, source / DATA_YAML, source.parent / DATA_YAML if source.name == "labels" else source]
    return next((file for file in found if file.suffix.lower() in YAML_SUFFIXES and file.is_file()), None)


def _is_via(file: Path) -> bool:
    if file.suffix.lower() == ".json":
        return _VIA in keys_of(file)
    return file.suffix.lower() == ".csv" and _VIA_COLUMN in read_bytes(file, MOST_BYTES)[:_HEAD]


def _json_with(files: Sequence[Path], needed: set[str]) -> Iterator[Path]:
    return (file for file in files if needed <= set(keys_of(file)))


def _coco(files: dict[str, list[Path]]) -> list[Path]:
    """Return the JSON files with images and categories: few and large, so that each is looked at."""
    json = files[".json"]
    if not any(_json_with(json[:_LOOKED_AT], {"images"})) and len(json) > _LOOKED_AT:
        json = sorted(json, key=lambda file: -file.stat().st_size)[:_LOOKED_AT]
    return sorted(_json_with(json, {"images", "annotations"}))


def _labelme(files: dict[str, list[Path]]) -> list[Path]:
    """Return the JSON files of LabelMe, when there is one among the first."""
    json = files[".json"]
    known = next(_json_with(json[:_LOOKED_AT], {"shapes"}), None)
    return [] if known is None else [file for file in json if "shapes" in keys_of(file)]


def _xml_with(files: Sequence[Path], tag: str) -> list[Path]:
    """Return the XML files with a root; one that is no XML may be one of them, and is read to be told."""
    kinds: dict[Path, str] = {}
    for file in files[:_LOOKED_AT]:
        try:
            root = read_xml(file)
        except InputError:
            continue
        kinds[file] = "annotation" if root.tag == "annotation" else "annotations" if _is_cvat(root) else ""
    if tag not in kinds.values():
        return []
    return [file for file in files if kinds.get(file, tag) == tag]


def _is_cvat(root: Element) -> bool:
    return root.tag == "annotations" and (root.find("image") is not None or root.find("track") is not None)


def _csv(files: dict[str, list[Path]]) -> list[Path]:
    found = []
    for file in (*files[".csv"], *files[".tsv"]):
        try:
            header = next(read_lines(file, 1), None)
        except InputError:
            header = None
        if header is not None and means_boxes(header[1]):
            found.append(file)
    return found


_FILES: dict[str, Callable[[dict[str, list[Path]]], list[Path]]] = {
    "coco": _coco,
    "voc": lambda files: _xml_with(files[".xml"], "annotation"),
    "cvat": lambda files: _xml_with(files[".xml"], "annotations"),
    "labelme": _labelme,
    "csv": _csv,
}
