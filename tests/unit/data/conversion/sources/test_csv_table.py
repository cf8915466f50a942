"""Tables with columns by many names."""

from __future__ import annotations

import pytest

from yololab.data.conversion.sources.csv_table import means_boxes, read_csv
from yololab.errors import InputError


def boxes(text: str | bytes, tmp_path):
    """Return what was understood, and each image with size, split, classes and boxes."""
    file = tmp_path / "boxes.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    source = read_csv([file], tmp_path)
    return source, [(i.name, i.size, i.split, [(x.name, x.box) for x in i.labels]) for i in source.images]


BOX = (10.0, 20.0, 30.0, 60.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("filename,width,height,class,xmin,ymin,xmax,ymax\na,99,88,b,10,20,30,60", ("a", (99, 88), "", [("b", BOX)])),
        ("a.png,10,20,30,60,b\nc.png,,,,,", ("a.png", None, "", [("b", BOX)])),
        ("Image_ID,x,y,width,height,Label\na,10,20,20,40,b", ("a", None, "", [("b", BOX)])),
        ('image_id,width,height,bbox\na,99,88,"[10, 20, 20.0, 40]"', ("a", (99, 88), "", [("object", BOX)])),
        ("file;set;cx;cy;w;h;category\na;valid;20,0;40;20;40;b", ("a", None, "val", [("b", BOX)])),
        (
            "ImageID,LabelName,XMin,XMax,YMin,YMax\na,b,0.1,0.3,0.2,0.6",
            ("a", (1, 1), "", [("b", (0.1, 0.2, 0.3, 0.6))]),
        ),
        ("path\tx1\ty1\tx2\ty2\tlabel\na\t30\t60\t10\t20\tb", ("a", None, "", [("b", BOX)])),
        ("image_path,left,top,width,height,label\na,10,20,20,40,b", ("a", None, "", [("b", BOX)])),
        ("sep=|\nfile|x1|y1|x2|y2\na|10|20|30|60", ("a", None, "", [("object", BOX)])),
        ("file x1 y1 x2 y2\na  10 20 30 60", ("a", None, "", [("object", BOX)])),
        (
            "Filename;Annotation tag;Upper left corner X;Upper left corner Y;"
            "Lower right corner X;Lower right corner Y\na;b;10;20;30;60",
            ("a", None, "", [("b", BOX)]),
        ),
        ("path,x1,y1,x2,y2\na,10,20,30,60\n".encode("utf-16"), ("a", None, "", [("object", BOX)])),
    ],
)
def test_columns_are_understood_by_any_of_their_names(text, expected, tmp_path):
    _, found = boxes(text, tmp_path)
    assert found[0] == expected


def test_what_was_understood_is_said_and_every_wrong_row_is_named(tmp_path):
    source, _ = boxes("file,x1,y1,x2,y2,what\na,0.1,0.1,0.5,0.5,b\n", tmp_path)
    assert "1 box by corners in parts of the image (image=file, x1=x1" in source.understood
    assert "no class column" in source.understood
    with pytest.raises(InputError, match=r"2 rows without a box: line 2: 'x', line 4: 'nan'"):
        boxes("file,x1,y1,x2,y2\na,x,0,1,1\n\nb,nan,0,1,1\n", tmp_path)
    with pytest.raises(InputError, match="line 2: byte 0xfc is not UTF-8"):
        boxes(b"file,x1,y1,x2,y2\n\xfc,1,1,2,2\n", tmp_path)


def test_other_tables_are_no_boxes():
    assert not means_boxes(["epoch", "train/box_loss", "metrics/mAP50(B)"])
    assert not means_boxes(["filename", "class"])
