# SPDX-License-Identifier: MIT
"""Pillow writes into the images of the interpreter's Tk, and reads from them."""
import hashlib
import tkinter

from PIL import Image, ImageDraw, ImageTk

root = tkinter.Tk()
root.title("together")
print("tk", root.tk.call("info", "patchlevel"), root.winfo_exists())


def pixel(photo, x, y):
    answer = root.tk.call(str(photo), "get", x, y)
    return tuple(map(int, answer.split() if isinstance(answer, str) else answer))


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()[:16]


image = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
ImageDraw.Draw(image).ellipse((10, 10, 40, 40), fill=(200, 30, 60))
photo = ImageTk.PhotoImage(image)
print("photo", photo.width(), photo.height(), pixel(photo, 25, 25), pixel(photo, 0, 47))
print("alike", all(pixel(photo, x, y) == image.getpixel((x, y))
                   for x in range(0, 64, 7) for y in range(0, 48, 5)))
print("back", digest(ImageTk.getimage(photo).convert("RGB")) == digest(image), digest(image))

photo.paste(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
print("pasted", pixel(photo, 25, 25), pixel(photo, 38, 25))
clear = Image.new("RGBA", (20, 20), (10, 20, 30, 0))
ImageDraw.Draw(clear).rectangle((5, 5, 14, 14), fill=(0, 255, 0, 255))
shown = ImageTk.PhotoImage(clear)
print("transparent", root.tk.call(str(shown), "transparency", "get", 0, 0),
      root.tk.call(str(shown), "transparency", "get", 7, 7), pixel(shown, 7, 7))
print("grey", pixel(ImageTk.PhotoImage(image.convert("L")), 25, 25))
print("palette", pixel(ImageTk.PhotoImage(image.quantize(4)), 25, 25))
bits = ImageTk.BitmapImage(image.convert("1"), foreground="white")
print("bitmap", bits.width(), bits.height())

own = tkinter.PhotoImage(master=root, width=8, height=8)
own.put("#112233", to=(0, 0, 8, 8))
print("tkinter's own", ImageTk.getimage(own).getpixel((3, 3)))

events = []
label = tkinter.Label(root, image=photo, text="A", compound="left")
label.pack()
button = tkinter.Button(root, image=shown, command=lambda: events.append("pressed"))
button.pack()
root.update()
print("label", label.winfo_reqwidth() > 64, label.winfo_ismapped())
button.invoke()
root.after(20, lambda: events.append("later"))
root.after(60, root.quit)
root.mainloop()
print("events", events)

for turn in range(200):
    # Of many images most are gone before Tk is.
    small = ImageTk.PhotoImage(Image.new("RGB", (30, 30), (turn, 0, 255 - turn)), master=root)
    if pixel(small, 29, 29) != (turn, 0, 255 - turn):
        print("turn", turn, pixel(small, 29, 29))
root.destroy()
try:
    tkinter.Label(root, image=photo)
except Exception as error:
    print("without Tk:", type(error).__name__)
