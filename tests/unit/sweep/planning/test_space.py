"""What varies: Hydra's sweep syntax as dimensions, and points back as overrides."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.planning.space import Dimension, Scale, canonical, read_space


def grid(*arguments: str) -> list[tuple[str, ...]]:
    space = read_space(arguments, discrete=True)
    return [space.overrides(point) for point in space.grid()]


def test_grid_is_every_combination_with_the_last_key_fastest():
    assert grid("lr0=0.1,0.2", "model=yolo26n,yolo26s", "epochs=1") == [
        ("epochs=1", "lr0=0.1", "model=yolo26n"),
        ("epochs=1", "lr0=0.1", "model=yolo26s"),
        ("epochs=1", "lr0=0.2", "model=yolo26n"),
        ("epochs=1", "lr0=0.2", "model=yolo26s"),
    ]
    assert read_space(["lr0=0.1,0.2", "epochs=1"], discrete=True).keys == ("lr0",)
    assert grid("epochs=1") == [("epochs=1",)], "nothing varies: one trial"


def test_hydras_sweep_functions_work():
    assert grid("batch=range(2,8,2)") == [("batch=2",), ("batch=4",), ("batch=6",)]
    assert grid("lr0=choice(0.1,0.2)") == [("lr0=0.1",), ("lr0=0.2",)]
    assert grid("model=free+best.pt,yolo26n") == [("model=free+best.pt",), ("model=yolo26n",)]
    assert grid("freeze=[0,1],[2]") == [("freeze=[0,1]",), ("freeze=[2]",)]


def test_a_continuous_range_needs_a_search():
    with pytest.raises(InputError, match="search=tpe"):
        grid("lr0=interval(0.1,0.2)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr0=tag(log,interval(1e-4,1e-1))", Dimension("lr0", "lr0", Scale.FLOAT, low=1e-4, high=0.1, log=True)),
        ("momentum=interval(0,1)", Dimension("momentum", "momentum", Scale.FLOAT, low=0.0, high=1.0)),
        ("close_mosaic=interval(0,10)", Dimension("close_mosaic", "close_mosaic", Scale.INT, low=0, high=10)),
        ("imgsz=range(320,672,32)", Dimension("imgsz", "imgsz", Scale.INT, low=320, high=640, step=32)),
        ("scale=range(0.1,0.5,0.1)", Dimension("scale", "scale", Scale.FLOAT, low=0.1, high=0.4, step=0.1)),
        ("+x.y=int(interval(1,4))", Dimension("x.y", "+x.y", Scale.INT, low=1, high=4)),
        ("amp=true,false", Dimension("amp", "amp", Scale.CHOICE, (True, False), ("true", "false"))),
        (
            "model=free+a%2Fb.pt,yolo26n",
            Dimension("model", "model", Scale.CHOICE, ("a/b.pt", "yolo26n"), ("free+a%2Fb.pt", "yolo26n")),
        ),
    ],
)
def test_dimensions(text, expected):
    space = read_space([text, "epochs=1"], discrete=False)
    (found,) = space.dimensions
    if expected.scale is Scale.CHOICE:
        assert found.values == expected.values
        assert [item.lower() for item in found.texts] == [item.lower() for item in expected.texts]
    else:
        assert found == expected
    again = read_space(canonical(space), discrete=False)
    assert again.dimensions[0].corners() == found.corners()
    assert again.fixed == ("epochs=1",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lr0=interval(0.2,0.1)", "low < high"),
        ("lr0=tag(log,interval(0,0.1))", "above 0"),
        ("lr0=tag(cold,interval(0.1,0.2))", "cold"),
        ("lr0=interval(0.1", "interval"),
    ],
)
def test_sweeps_that_cannot_be_read(text, says):
    with pytest.raises(InputError, match=says):
        read_space([text], discrete=False)


def test_representatives_hold_each_end_and_each_choice():
    space = read_space(["lr0=interval(0.1,0.2)", "model=a,b,c", "mosaic=0.0,1.0"], discrete=False)
    points = space.representatives()
    assert len(points) == 3
    assert {point["model"] for point in points} == {"a", "b", "c"}
    assert {point["lr0"] for point in points} == {0.1, 0.2}
    assert {point["mosaic"] for point in points} == {0.0, 1.0}
