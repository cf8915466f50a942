"""The pictures and the transcript of these pages, from real runs: `python docs/site/pictures.py [FOLDER]`.

FOLDER (a new temporary one by default) is a project: what has been run in it is not run again. About 12 minutes on two
free cores. Needs Chromium. `--shots` only takes the pictures of what is there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[1]
PICTURES = DOCS / "pictures"
MOST_BYTES = 200_000
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--force-device-scale-factor=1.5",
)  # fmt: skip
ALIKE = "approval=auto device.threads=1"  # one thread: the same bits wherever it is run
# What is run, in this order; a run's folder says whether it is there.
RUNS = {
    "outputs/training/first_*": f"experiment=demo name=first epochs=8 baseline.promote=if_improved {ALIKE}",
    "outputs/training/longer_*": f"experiment=demo name=longer epochs=16 {ALIKE}",
    "multirun/rates_*": "-m experiment=demo name=rates model={baseline} model.pretrained=true epochs=3 "
    f"lr0=0.0005,0.002,0.005,0.02 {ALIKE}",
}  # fmt: skip
# The lines of the second run that README.md shows on its first screen.
FIRST_SCREEN = (
    r"\$| +(check|estimate|evaluate|compare)  | +train  \d+ epochs| +epoch (8|16)/|metric |mAP50-95  |.*  [A-Z_]{6,}  "
)
# Picture → page, what of it is not shown, size in CSS pixels, whether dark.
LONGER = "outputs/training/longer_*/report.html"
SHOTS = {
    "report.webp": (LONGER, "", (1180, 760), False),
    "report-phone.webp": (LONGER, "", (390, 760), True),
    "report-confidence.webp": (LONGER, "header, nav, section:not(#confidence, #classes)", (1180, 900), False),
    "report-images.webp": (LONGER, "header, nav, section:not(#samples, #images)", (1180, 900), False),
    "sweep.webp": ("multirun/rates_*/report.html", "", (1180, 1000), False),
    "check.webp": ("outputs/checks/flawed_*/report.html", ".charts, h3:has(+ .charts)", (1180, 900), False),
}


def newest(project: Path, pattern: str) -> Path | None:
    """Return the newest of what matches in the project; None where nothing does."""
    return max(project.glob(pattern), key=lambda path: path.stat().st_mtime, default=None)


def yololab(project: Path, line: str) -> str:
    """Run a command in the project and return what it prints."""
    environment = os.environ | {"YOLO_OFFLINE": "true", "COLUMNS": "100"}
    command = [sys.executable, "-m", "yololab", *line.split()]
    done = subprocess.run(
        command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 2):
        raise SystemExit(f"yololab {line}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def make_runs(project: Path) -> None:
    """Run what is not there yet, and check a dataset with a few flaws."""
    for pattern, line in RUNS.items():
        if newest(project, f"{pattern}/report.html") is None:
            checkpoint = newest(project, "outputs/baselines/*/detect/weights/best.pt")
            command = line.format(baseline=checkpoint and checkpoint.relative_to(project))
            print(f"yololab {command}", flush=True)
            (project / f"{pattern.split('/')[-1].removesuffix('_*')}.txt").write_text(yololab(project, command))
    if newest(project, "outputs/checks/flawed_*") is None:
        (shapes,) = (project / ".yololab/datasets").glob("shapes-v*")
        shutil.copytree(shapes, project / "flawed", dirs_exist_ok=True)
        train = project / "flawed/train"
        images = sorted((train / "images").iterdir())
        labels = [Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt") for path in images]
        labels[3].write_text("7 0.5 0.5 0.2 0.2\n")
        labels[11].write_text("0 80 92 40 36\n")
        images[20].write_bytes(images[20].read_bytes()[:900])
        for seen in (images[30], labels[30]):
            shutil.copy(seen, str(seen).replace("/train/", "/val/"))
        yololab(project, "check data=flawed/data.yaml")


def take_shots(project: Path) -> None:
    """Take every picture, as small as it has to be."""
    if BROWSER is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        for name, (pattern, hidden, (width, height), dark) in SHOTS.items():
            page = newest(project, pattern)
            if page is None:
                raise SystemExit(f"{project / pattern} is not there")
            shot, shown = Path(scratch, "shot.png"), Path(scratch, "shown.html")
            style = f"<style>{hidden} {{ display: none !important }}</style></head>" if hidden else "</head>"
            text = page.read_text(encoding="utf-8").replace(str(project.resolve()), "~/project")
            shown.write_text(text.replace("</head>", style, 1), encoding="utf-8")
            subprocess.run(
                [BROWSER, *FLAGS, f"--user-data-dir={scratch}/profile", f"--window-size={width},{height}",
                 f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--screenshot={shot}",
                 shown.as_uri()], check=True, capture_output=True, timeout=120,
            )  # fmt: skip
            for quality in (85, 75, 65, 50):
                Image.open(shot).convert("RGB").save(PICTURES / name, quality=quality, method=6)
                if (PICTURES / name).stat().st_size <= MOST_BYTES:
                    break


def write_transcripts(project: Path) -> None:
    """Keep what the second run and the list of runs print, without this machine's folders, and show it on the pages."""
    longer = f"$ yololab {RUNS['outputs/training/longer_*']}\n{(project / 'longer.txt').read_text()}"
    for name, text in {"longer.txt": longer, "runs.txt": "$ yololab runs\n" + yololab(project, "runs")}.items():
        lines = [line.rstrip() for line in re.sub(rf"{re.escape(str(project.resolve()))}/?", "", text).splitlines()]
        (PICTURES / name).write_text("\n".join(lines) + "\n")
        # a bar that moves is a line again and again where nobody sees it move
        put(DOCS / "gallery.md", name, [line for line in lines if not re.match(r" +train  epoch ", line)])
        if name == "longer.txt":
            put(DOCS.parent / "README.md", "transcript", [line for line in lines if re.match(FIRST_SCREEN, line)])


def put(page: Path, marker: str, lines: list[str]) -> None:
    """Replace the block behind a marker of a page."""
    block = "\n".join(("```text", *lines, "```"))
    text = re.sub(
        rf"(<!-- {re.escape(marker)} -->\n)```text\n.*?```",
        lambda found: found[1] + block,
        page.read_text(),
        flags=re.S,
    )
    page.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--shots", action="store_true")
    given = parser.parse_args()
    place = given.folder or Path(tempfile.mkdtemp(prefix="yololab-pictures-"))
    place.mkdir(parents=True, exist_ok=True)
    print(f"in {place}")
    if not given.shots:
        make_runs(place)
    write_transcripts(place)
    take_shots(place)
