"""Writes the beginning of a plug-in: a small distribution that passes its tests as it stands."""

from __future__ import annotations

from itomm.collectors.scaffold.plug_in import InvalidPlugInError, PlugIn, write_plug_in

__all__ = ["InvalidPlugInError", "PlugIn", "write_plug_in"]
