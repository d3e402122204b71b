# SPDX-License-Identifier: MIT
"""HEIF by libheif, x265, libde265 and libaom."""
import io

import pillow_heif
from PIL import Image

print(pillow_heif.__version__, pillow_heif.libheif_version())
pillow_heif.register_heif_opener()
image = Image.radial_gradient("L").convert("RGB").resize((64, 64))
file = io.BytesIO()
image.save(file, "HEIF", quality=-1, chroma=444)
again = Image.open(io.BytesIO(file.getvalue()))
difference = max(abs(a - b) for a, b in zip(image.tobytes(), again.convert("RGB").tobytes()))
print(again.size, again.mode, difference <= 4)
try:
    pillow_heif.open_heif(io.BytesIO(b"nonsense"))
except Exception as error:
    print("error", type(error).__name__)
