# SPDX-License-Identifier: MIT
"""Images by OpenCV (C++, threads, OpenBLAS): codecs, filters, features; and a video by FFmpeg."""
import hashlib
import os
import tempfile

import cv2
import numpy as np

print(cv2.__version__)
random = np.random.default_rng(1)
image = cv2.GaussianBlur(random.integers(0, 255, (120, 160, 3), dtype=np.uint8), (9, 9), 2)
cv2.putText(image, "isolate", (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 0, 0), 2)
for kind in (".png", ".bmp", ".tiff", ".webp"):
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if kind == ".webp" else []
    packed = cv2.imencode(kind, image, options)[1]
    print(kind, bool((cv2.imdecode(packed, cv2.IMREAD_COLOR) == image).all()))
grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
print(hashlib.sha256(cv2.Canny(grey, 50, 150).tobytes()).hexdigest()[:16])
print(hashlib.sha256(cv2.resize(grey, (77, 33)).tobytes()).hexdigest()[:16])
print(cv2.connectedComponents((grey > 128).astype(np.uint8))[0])
print(np.allclose(cv2.idft(cv2.dft(np.float32(grey)), flags=cv2.DFT_SCALE), grey, atol=1e-2))
print(cv2.solve(np.float64([[2, 1], [1, 3]]), np.float64([[3], [5]]))[1].round(6).tolist())
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "a.avi")
    out = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"FFV1"), 24, (160, 120))
    for _ in range(5):
        out.write(image)
    out.release()
    video = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    print(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), video.read()[1].shape)
    video.release()
try:
    cv2.cvtColor(np.zeros((2, 2), np.uint8), cv2.COLOR_BGR2GRAY)
except cv2.error as error:
    print("error", type(error).__name__)
