# SPDX-License-Identifier: MIT
"""PNG, JPEG, WebP, TIFF, JPEG 2000 there and back, text by FreeType, colours by LittleCMS."""
import hashlib
import io

from PIL import Image, ImageCms, ImageDraw, ImageFilter, ImageFont, features

for name in ("zlib", "jpg", "jpg_2000", "libtiff", "webp", "freetype2", "littlecms2"):
    print(name, features.version(name))
image = Image.radial_gradient("L").convert("RGB").resize((96, 64))
draw = ImageDraw.Draw(image)
draw.text((5, 5), "isolate", font=ImageFont.load_default(18), fill=(255, 0, 0))
print("drawn", hashlib.sha256(image.tobytes()).hexdigest()[:16])
for kind, options in (("PNG", {}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
                      ("WEBP", {"lossless": True}), ("JPEG2000", {"irreversible": False}),
                      ("JPEG", {"quality": 90})):
    file = io.BytesIO()
    image.save(file, kind, **options)
    again = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    print(kind, again.size, hashlib.sha256(again.tobytes()).hexdigest()[:16])
blurred = image.filter(ImageFilter.GaussianBlur(2)).quantize(16)
print("blur", hashlib.sha256(blurred.tobytes()).hexdigest()[:16])
srgb = ImageCms.createProfile("sRGB")
lab = ImageCms.profileToProfile(image, srgb, ImageCms.createProfile("LAB"), outputMode="LAB")
print("lab", lab.getpixel((48, 32)))
try:
    Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\nnonsense")).load()
except Exception as error:
    print("a damaged PNG:", type(error).__name__)
