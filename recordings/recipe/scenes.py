"""Every scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipe import (
    scenes_browser,
    scenes_clean,
    scenes_clipped,
    scenes_connect,
    scenes_damaged,
    scenes_drift,
    scenes_echo,
    scenes_endings,
    scenes_hearing,
    scenes_ladder,
    scenes_loop,
    scenes_rates,
    scenes_resampled,
    scenes_silent,
    scenes_slips,
    scenes_slow,
    scenes_starved,
    scenes_starved_playback,
    scenes_tools,
    scenes_unflushed,
)

if TYPE_CHECKING:
    from recipe.script import Scene

SCENES: tuple[Scene, ...] = (
    *scenes_damaged.SCENES,
    *scenes_slips.SCENES,
    *scenes_connect.SCENES,
    *scenes_tools.SCENES,
    *scenes_endings.SCENES,
    *scenes_unflushed.SCENES,
    *scenes_rates.SCENES,
    *scenes_browser.SCENES,
    *scenes_silent.SCENES,
    *scenes_starved.SCENES,
    *scenes_starved_playback.SCENES,
    *scenes_ladder.SCENES,
    *scenes_drift.SCENES,
    *scenes_clipped.SCENES,
    *scenes_resampled.SCENES,
    *scenes_echo.SCENES,
    *scenes_loop.SCENES,
    *scenes_slow.SCENES,
    *scenes_hearing.FALSE_STARTS,
    *scenes_hearing.EARLY,
    *scenes_clean.SCENES,
    *scenes_tools.CLEAN,
    scenes_endings.HANDOVER,
    *scenes_unflushed.CLEAN,
    *scenes_hearing.CLEAN,
    *scenes_ladder.CLEAN,
    *scenes_drift.CLEAN,
    *scenes_browser.CLEAN,
)
