# SPDX-License-Identifier: MIT
"""A PDF made, compressed, encrypted, opened again (C++, libqpdf, libz, libjpeg)."""
import io

import pikepdf

print(pikepdf.__version__, pikepdf.__libqpdf_version__)
pdf = pikepdf.new()
page = pdf.add_blank_page(page_size=(200, 100))
page.Contents = pdf.make_stream(b"BT /F1 12 Tf (isolate) Tj ET " * 50)
file = io.BytesIO()
pdf.save(file, encryption=pikepdf.Encryption(owner="o", user="u", R=6),
         object_stream_mode=pikepdf.ObjectStreamMode.generate)
again = pikepdf.open(io.BytesIO(file.getvalue()), password="u")
print(len(again.pages), [int(x) for x in again.pages[0].MediaBox])
print(len(again.pages[0].Contents.read_bytes()), again.is_encrypted)
for damage, password in ((b"%PDF-1.5 no", ""), (file.getvalue(), "wrong")):
    try:
        pikepdf.open(io.BytesIO(damage), password=password)
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        print("error", type(error).__name__)
