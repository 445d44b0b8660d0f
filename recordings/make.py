"""Make the recordings again: ``python recordings/make.py [NAME ...]``, all of them without a name.

The voices come from packages (see `README.md`), the rooms from the image method, the faults from `voicediag.signals`;
every random number has a seed, so that the same packages make the same recordings. Needs the extra ``recipe``, ffmpeg
and the Debian packages that the README names.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from recipe.produce import produce  # noqa: E402 - the package lies beside this folder
from recipe.scenes import SCENES  # noqa: E402


def main() -> None:
    """Make the scenes that were asked for, each in place of the one there was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="folder/name of a scene, or a part of it")
    parser.add_argument("--out", type=Path, default=HERE, help="where the folders go")
    wanted = parser.parse_args()
    for scene in SCENES:
        place = f"{scene.folder}/{scene.name}"
        if wanted.names and not any(name in place for name in wanted.names):
            continue
        folder = wanted.out / scene.folder / f"{scene.name}.vds"
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        produce(scene, folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{place}.vds  {size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
