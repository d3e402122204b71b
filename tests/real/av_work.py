# SPDX-License-Identifier: MIT
"""Video and sound encoded and decoded by FFmpeg, 40 vendored libraries, libz among them."""
import fractions
import io

import av

print(av.__version__, av.library_versions["libavcodec"], sorted(av.codecs_available)[:2])
file = io.BytesIO()
with av.open(file, "w", format="matroska") as out:
    stream = out.add_stream("ffv1", rate=24)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for i in range(12):
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes((i * 7 + j) % 256 for j in range(plane.buffer_size)))
        out.mux(stream.encode(frame))
    out.mux(stream.encode())
file.seek(0)
with av.open(file) as again:
    frames = list(again.decode(video=0))
    print(len(frames), sum(bytes(frames[5].planes[0])[:64]))
png = av.CodecContext.create("png", "w")
png.width, png.height, png.pix_fmt = 64, 48, "rgb24"
png.time_base = fractions.Fraction(1, 24)
packets = png.encode(frames[0].reformat(format="rgb24")) + png.encode()
print(bytes(packets[0])[:4])
try:
    av.open(io.BytesIO(b"nonsense" * 100))
except av.FFmpegError as error:
    print("error", type(error).__name__)
