# SPDX-License-Identifier: MIT
"""matplotlib draws with Agg into an image of the interpreter's Tk."""
import hashlib

import matplotlib
import numpy

matplotlib.use("TkAgg")
from matplotlib import pyplot

figure, axes = pyplot.subplots(figsize=(3, 2), dpi=80)
axes.plot(numpy.arange(50), numpy.sin(numpy.arange(50) / 5), color="red")
axes.fill_between(range(50), 0, 0.5, color="#3060c0")
axes.set_title("together")
canvas = figure.canvas
canvas.draw()
window = canvas.get_tk_widget()
window.update()
photo = canvas._tkphoto
drawn = numpy.asarray(canvas.buffer_rgba())
print(type(canvas).__name__, drawn.shape, photo.width(), photo.height())
print("drawn", hashlib.sha256(drawn.tobytes()).hexdigest()[:16], len(numpy.unique(drawn)) > 50)


def pixel(x, y):
    answer = photo.tk.call(str(photo), "get", x, y)
    return tuple(map(int, answer.split() if isinstance(answer, str) else answer))


def alike():
    return all(pixel(x, y) == tuple(drawn[y, x, :3])
               for x in range(0, drawn.shape[1], 9) for y in range(0, drawn.shape[0], 9))


print("in Tk", alike())
axes.set_facecolor("yellow")
canvas.draw()
window.update()
drawn = numpy.asarray(canvas.buffer_rgba())
print("redrawn", hashlib.sha256(drawn.tobytes()).hexdigest()[:16], alike())
clicks = []
canvas.mpl_connect("button_press_event",
                   lambda event: clicks.append((event.button.name, event.inaxes is axes)))
pyplot.show(block=False)
window.update()
window.event_generate("<Button-1>", x=120, y=80)
window.update()
print("clicks", clicks)
pyplot.close(figure)
