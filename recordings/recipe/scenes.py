"""Every scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipe import scenes_loop

if TYPE_CHECKING:
    from recipe.script import Scene

SCENES: tuple[Scene, ...] = (*scenes_loop.SCENES,)
