"""Reading a data.yaml: what is taken, and what each mistake says."""

from __future__ import annotations

import pytest

from yololab.data.dataset import data_yaml
from yololab.data.dataset.data_yaml import find_data_yaml, read_data_yaml
from yololab.errors import InputError

GOOD = "train: images/train\nval: images/val\n"


def read(tmp_path, text):
    file = tmp_path / "data.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_data_yaml(file)


def problems_of(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert all(str(tmp_path) in problem.where for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("names: [a, b]", {0: "a", 1: "b"}),
        ("names: {1: b, 0: a}", {0: "a", 1: "b"}),
        ("names: {'0': a, '1': b}\nnc: '2'", {0: "a", 1: "b"}),
        ("nc: 2.0", {0: "class_0", 1: "class_1"}),
        ("names:\nnc: 1", {0: "class_0"}),
        ("names: [yes, 7]", {0: "yes", 1: "7"}),
    ],
)
def test_names_and_nc(tmp_path, keys, names):
    assert read(tmp_path, GOOD + keys).names == names


def test_other_keys(tmp_path):
    content = read(
        tmp_path,
        "path: d\ntrain: [a, b]\nvalidation: v\ntest:\nminival: m.txt\nnc: 1\nkpt_shape: [17, 3]\nchannels: 1\n"
        "download: |\n  print(1)\nextra: {k: 1}\n",
    )
    assert content.folder == "d"
    assert content.entries == {"train": ("a", "b"), "val": ("v",), "minival": ("m.txt",)}
    assert content.listed == {"train"}
    assert (content.kpt_shape, content.channels, content.download) == ((17, 3), 1, "print(1)\n")
    assert content.raw["extra"] == {"k": 1}


def test_val_goes_before_validation(tmp_path):
    assert read(tmp_path, "train: t\nval: v\nvalidation: w\nnc: 1").entries["val"] == ("v",)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_byte_order_mark_and_windows_lines(tmp_path, mark):
    assert read(tmp_path, mark + b"train: t\r\nval: v\r\nnames:\r\n  - K\xc3\xa4fer\r\n").names == {0: "Käfer"}


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("val: v\nnc: 1", "train", "missing"),
        ("train: t\nnc: 1", "val", "missing"),
        ("train:\nval: v\nnc: 1", "train", "without a value"),
        ("train: 3\nval: v\nnc: 1", "train", "3 (int)"),
        ("train: []\nval: v\nnc: 1", "train", "[]"),
        ("train: [a, 1]\nval: v\nnc: 1", "train", "1]"),
        ("train: t\nvalidation: 2\nnc: 1", "validation", "2 (int)"),
        ('train: "a\\0b"\nval: v\nnc: 1', "train", "a zero byte"),
        (f"train: t\nval: {'x' * 300}\nnc: 1", "val", "a path of 300 characters"),
        (GOOD + "nc: 1\npath: 2024", "path", "2024 (int)"),
        (GOOD + "nc: 1\ndownload: [a]", "download", "list"),
        (GOOD, "names", "missing, and so is `nc`"),
        (GOOD + "nc: x", "nc", "'x'"),
        (GOOD + "nc: 1.5", "nc", "1.5"),
        (GOOD + "nc: true", "nc", "True"),
        (GOOD + "nc: 0", "nc", "0"),
        (GOOD + "nc: .inf", "nc", "inf"),
        (GOOD + "nc:\nnames: [a]", "nc", "None"),
        (GOOD + "nc: 3\nnames: [a, b]", "nc", "3, but `names` has 2"),
        (GOOD + "names: a", "names", "'a' (str)"),
        (GOOD + "names: []", "names", "no class"),
        (GOOD + "names: [a, '']", "names", "class 1 has no name"),
        (GOOD + "names: [a, ]\nnc: 1\nkpt_shape: [17]", "kpt_shape", "[17]"),
        (GOOD + "names: [a, ~]", "names", "class 1 has no name"),
        (GOOD + "names: [a, [b]]", "names", "class 1 is ['b'] (list)"),
        (GOOD + "names: [a, b, a]", "names", "'a' is the name of the classes 0, 2"),
        (GOOD + "names: {0: a, 1: b, 3: c}", "names", "3 names, none with the index 2"),
        (GOOD + "names: {1: a, 2: b}", "names", "none with the index 0"),
        (GOOD + "names: {-1: a, 0: b}", "names", "none with the index 1"),
        (GOOD + "names: {cat: 0}", "names", "the index 'cat'"),
        (GOOD + "names: {0: a, 0.5: b}", "names", "the index '0.5'"),
        (GOOD + "nc: 1\nkpt_shape: [17, 4]", "kpt_shape", "[17, 4]"),
        (GOOD + "nc: 1\nflip_idx: 3", "flip_idx", "3 (int)"),
        (GOOD + "nc: 1\nchannels: 0", "channels", "0"),
    ],
)
def test_each_mistake_names_its_key(tmp_path, text, key, found):
    (problem,) = problems_of(tmp_path, text)
    assert problem.where.endswith(f"key {key!r}")
    assert found in problem.found
    assert problem.allowed


def test_all_mistakes_at_once(tmp_path):
    keys = [problem.where.rpartition("key ")[2] for problem in problems_of(tmp_path, "train: 1\nnc: x\nchannels: a")]
    assert keys == ["'train'", "'val'", "'nc'", "'channels'"]


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        ("train: t\n  val: v\n", "line 2, column 6", "mapping values"),
        ("names: [a, b\ntrain: t\n", "line 2, column", "not readable as YAML"),
        ("a: !!python/object:os.x {}\n", "line 1, column 4", "python/object"),
        ("train: t\nval: v\nbad: a\x07b\n", "line 3", "#x0007"),
        ("train: t\nval: 2024-19-77\n", "data.yaml", "month must be in 1..12"),
        (b"train: t\nnames: [K\xe4fer]\n", "line 2", "not UTF-8"),
        ("a: 1\n".encode("utf-16"), "line 1", "not UTF-8"),
        ("", "data.yaml", "an empty file"),
        ("- a\n- b\n", "data.yaml", "a YAML list"),
        ("train", "data.yaml", "a YAML str"),
        ("train: t\nval: v\nnames: [a]\ntrain: u\n", "line 4, key 'train'", "second time"),
        (GOOD + "names:\n  0: a\n  0: b\n", "line 5, key '0'", "second time"),
        (GOOD + "x: &x [*x]\n", "data.yaml", "x holds itself"),
        (GOOD + f"x: {'[' * 3000}{']' * 3000}\n", "data.yaml", "more than 100 levels"),
    ],
)
def test_an_unreadable_file_says_where(tmp_path, text, where, found):
    (problem,) = problems_of(tmp_path, text)
    assert where in problem.where
    assert found in problem.found


def test_class_names_are_what_is_written(tmp_path):
    """YAML 1.1 makes True, 1000.0, 16 and a date of these."""
    written = ["yes", "NO", "off", "1e3", "1.10", "0x10", "010", "2020-01-01", ".inf", "12:30:00", "null"]
    listed = ", ".join(name if name != "null" else "'null'" for name in written)
    assert list(read(tmp_path, GOOD + f"names: [{listed}]").names.values()) == written
    assert read(tmp_path, GOOD + "base: &b {names: {0: on, 1: off}}\n<<: *b\n").names == {0: "on", 1: "off"}
    (problem,) = problems_of(tmp_path, GOOD + "names: [a, ~]")
    assert problem.found == "class 1 has no name"
    assert "in quotes" in problem.remedy


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("names: {yes: a, no: b}", "the index 'yes'"),
        ("names: {.inf: a, 1: b}", "the index '.inf'"),
        ("nc: 1e9", "'1e9' (str)"),
        ("nc: .nan", "nan (float)"),
        ("nc: 1\nkpt_shape: [1000000000, 3]\nflip_idx: [0]", "[1000000000, 3] (list)"),
        ("nc: 1\nchannels: 1000000000", "1000000000 (int)"),
        ('nc: 1\npath: "a\\0b"', "a zero byte"),
        (f"nc: 1\npath: {'é' * 130}", "a path of 130 characters"),
        ("nc: 1\nlabel_mapping: {.inf: 0}", "{inf: 0} (dict)"),
        (f"nc: 1\nmasks_dir: {'m' * 300}", "mmmm"),
        (f"nc: 1\ndepth_scale: 1{'0' * 400}", "1000000000"),
    ],
)
def test_what_would_take_memory_or_end_in_a_traceback_is_a_problem(tmp_path, text, found):
    assert found in problems_of(tmp_path, GOOD + text)[0].found


def test_aliases_that_multiply_are_counted_before_they_are_followed(tmp_path):
    doubled = "".join(f"b{n}: &b{n} {{x: *b{n - 1}, y: *b{n - 1}, z: *b{n - 1}}}\n" for n in range(1, 60))
    (problem,) = problems_of(tmp_path, GOOD + "nc: 1\nb0: &b0 [a]\n" + doubled)
    assert "more than 2,000,000 values" in problem.found
    merged = "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 60))
    assert problems_of(tmp_path, GOOD + "nc: 1\nm0: &m0 {a: 1}\n" + merged)


def test_the_search_for_a_file_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(data_yaml, "MOST_LOOKED_AT", 3)
    for name in "abcd":
        (tmp_path / "sub").mkdir(exist_ok=True)
        (tmp_path / "sub" / name).touch()
    with pytest.raises(InputError, match="more than 3 files"):
        find_data_yaml(tmp_path)


def test_finding_the_file_in_a_folder(tmp_path):
    folder = tmp_path / "birds"
    folder.mkdir()
    with pytest.raises(InputError, match="no YAML file"):
        find_data_yaml(folder)
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.yaml").touch()
    assert find_data_yaml(folder) == folder / "sub" / "deep.yaml"
    (folder / "x.yml").touch()
    assert find_data_yaml(folder) == folder / "sub" / "deep.yaml"
    (folder / "one.yaml").touch()
    assert find_data_yaml(folder) == folder / "one.yaml"
    (folder / "two.yaml").touch()
    with pytest.raises(InputError, match=r"2 YAML files: one.yaml, two.yaml"):
        find_data_yaml(folder)
    (folder / "birds.yaml").touch()
    assert find_data_yaml(folder) == folder / "birds.yaml"


def test_no_data_yaml(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        find_data_yaml(tmp_path / "nothing.yaml")
    archive = tmp_path / "data.zip"
    archive.touch()
    with pytest.raises(InputError, match="unpack an archive"):
        find_data_yaml(archive)
