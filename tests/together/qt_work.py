# SPDX-License-Identifier: MIT
"""PySide6 and shiboken6: widgets, signals, painting, timers, and the pointers beneath."""
import hashlib
import sys
import threading

import shiboken6
from PySide6 import QtCore, QtGui, QtNetwork, QtSql, QtWidgets
from PySide6.QtCore import Qt

print(QtCore.qVersion(), shiboken6.__version__)
app = QtWidgets.QApplication(sys.argv[:1])
print("platform", app.platformName(), QtWidgets.QApplication.instance() is app)


class Counter(QtWidgets.QWidget):
    changed = QtCore.Signal(int, str)

    def __init__(self):
        super().__init__()
        self.button = QtWidgets.QPushButton("more", self)
        self.edit = QtWidgets.QLineEdit("tea", self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.button)
        layout.addWidget(self.edit)
        self.button.clicked.connect(self.count)
        self.number = 0
        self.painted = 0

    @QtCore.Slot()
    def count(self):
        self.number += 1
        self.changed.emit(self.number, self.edit.text())

    def paintEvent(self, event):  # called by Qt, in C++
        self.painted += 1
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(10, 20, 30))


heard = []
counter = Counter()
counter.changed.connect(lambda number, text: heard.append((number, text)))
counter.resize(200, 120)
counter.show()
counter.button.click()
counter.edit.setText("coffee")
QtCore.QMetaObject.invokeMethod(counter, "count", Qt.ConnectionType.DirectConnection)
print("signals", heard, counter.metaObject().className())
app.processEvents()
print("grabbed", counter.grab().toImage().pixelColor(1, 1).name(), counter.painted > 0)

image = QtGui.QImage(80, 60, QtGui.QImage.Format.Format_ARGB32)
image.fill(Qt.GlobalColor.white)
painter = QtGui.QPainter(image)
painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
gradient = QtGui.QLinearGradient(0, 0, 80, 0)
gradient.setColorAt(0, Qt.GlobalColor.red)
gradient.setColorAt(1, Qt.GlobalColor.blue)
painter.setBrush(gradient)
painter.drawEllipse(QtCore.QPointF(40, 30), 30, 20)
painter.end()
print("painted", image.pixelColor(40, 30).name(), image.pixelColor(0, 0).name(),
      hashlib.sha256(image.constBits()).hexdigest()[:16])
saved = QtCore.QByteArray()
buffer = QtCore.QBuffer(saved)
buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
print("png", image.save(buffer, "PNG"), QtGui.QImage.fromData(saved, "PNG") == image)
formats = {bytes(name).decode() for name in QtGui.QImageReader.supportedImageFormats()}
print("plugins", sorted(formats & {"png", "jpeg", "gif", "svg"}), image.save(buffer, "JPEG"))

ticks = []
timer = QtCore.QTimer()
timer.timeout.connect(lambda: (ticks.append(len(ticks)), len(ticks) == 5 and app.quit()))
timer.start(5)
QtCore.QTimer.singleShot(0, lambda: ticks.append("first"))
app.exec()
timer.stop()
print("ticks", ticks)


class Worker(QtCore.QThread):
    done = QtCore.Signal(int)

    def run(self):
        self.elsewhere = threading.get_ident()
        self.done.emit(sum(range(1000)))


worker = Worker()
worker.done.connect(lambda total: (heard.append(total), app.quit()))
worker.start()
app.exec()
print("thread", heard[-1], worker.wait(), worker.elsewhere != threading.get_ident())

model = QtGui.QStandardItemModel(0, 2)
for row in (("b", "2"), ("a", "1"), ("c", "3")):
    model.appendRow([QtGui.QStandardItem(cell) for cell in row])
proxy = QtCore.QSortFilterProxyModel()
proxy.setSourceModel(model)
proxy.sort(0)
view = QtWidgets.QTableView()
view.setModel(proxy)
print("model", [proxy.index(row, 1).data() for row in range(proxy.rowCount())])
match = QtCore.QRegularExpression(r"(\d+)-(\w+)").match("42-tea")
print("expression", match.captured(1), match.captured(2))
print("json", bytes(QtCore.QJsonDocument({"a": [1, 2.5, None]}).toJson(
    QtCore.QJsonDocument.JsonFormat.Compact)).decode())
print("address", QtNetwork.QHostAddress("127.0.0.1").isLoopback())
database = QtSql.QSqlDatabase.addDatabase("QSQLITE")
database.setDatabaseName(":memory:")
query = QtSql.QSqlQuery("select 6 * 7", database) if database.open() else None
print("sqlite", query.next() and query.value(0))

child = QtCore.QObject(counter)
child.setObjectName("child")
pointer, = shiboken6.getCppPointer(child)
again = shiboken6.wrapInstance(pointer, QtCore.QObject)
print("shiboken", shiboken6.isValid(child), again is child, again.objectName(),
      shiboken6.createdByPython(child), shiboken6.ownedByPython(child))
window = shiboken6.wrapInstance(shiboken6.getCppPointer(counter)[0], QtWidgets.QWidget)
print("window", window is counter, window.findChild(QtCore.QObject, "child") is child)
shiboken6.delete(counter)
print("deleted", shiboken6.isValid(counter), shiboken6.isValid(child))
try:
    counter.show()
except RuntimeError as error:
    print("late", str(error).split("(")[0])
try:
    QtCore.QTimer().start("soon")
except TypeError as error:
    print("wrong type", type(error).__name__)
del database, query
