"""How two points are compared: the steps of `voicediag.measure.two_points`."""
