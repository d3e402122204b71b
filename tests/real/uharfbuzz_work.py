# SPDX-License-Identifier: MIT
"""Shaping by HarfBuzz (C++), of a font whose tables and metrics are callbacks into Python."""
import uharfbuzz as hb

print(hb.__version__, hb.version_string())
buffer = hb.Buffer()
buffer.add_str("isolate \u05d0\u05d1")
buffer.guess_segment_properties()
print(buffer.direction, buffer.script)
face = hb.Face.create_for_tables(lambda face, tag, data: None, None)
font = hb.Font(face)
font.scale = (1000, 1000)
functions = hb.FontFuncs.create()
functions.set_nominal_glyph_func(lambda font, codepoint, data: codepoint % 97)
functions.set_glyph_h_advance_func(lambda font, glyph, data: glyph * 10)
font.funcs = functions
hb.shape(font, buffer)
print([info.codepoint for info in buffer.glyph_infos])
print([position.x_advance for position in buffer.glyph_positions])
