"""Make the recordings again: ``python recordings/make.py [NAME ...]``, all of them without a name.

The voices come from packages (see `README.md`), the rooms from the image method, the faults from `voicediag.signals`;
every random number has a seed, so that the same packages make the same recordings. Needs the extra ``recipe``, ffmpeg
and the Debian packages that the README names.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from recipe import telephone  # noqa: E402
from recipe.compare import differences  # noqa: E402 - the package lies beside this folder
from recipe.produce import produce  # noqa: E402
from recipe.scenes import SCENES  # noqa: E402
from recipe.scenes_telephone import CALLS  # noqa: E402


def main() -> None:
    """Make the scenes that were asked for, each in place of the one there was, or say what would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of the folder/name of a scene")
    parser.add_argument(
        "--check", action="store_true", help="make nothing; exit 1 where a recording is not the recipe's"
    )
    wanted = parser.parse_args()
    changed = []
    with tempfile.TemporaryDirectory() as scratch:
        for scene in (*SCENES, *CALLS):
            place = f"{scene.folder}/{scene.name}.vds"
            if wanted.names and not any(name in place for name in wanted.names):
                continue
            made, kept = Path(scratch) / place, HERE / place
            made.parent.mkdir(parents=True, exist_ok=True)
            telephone.produce(scene, made) if isinstance(scene, telephone.Call) else produce(scene, made)
            if wanted.check:
                changed += differences(made, kept)
            else:
                shutil.rmtree(kept, ignore_errors=True)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(made, kept)
            size = sum(file.stat().st_size for file in kept.glob("*"))
            print(f"{place}  {size / 1e6:.2f} MB", flush=True)
    if changed:
        sys.exit("\n".join(changed))


if __name__ == "__main__":
    main()
