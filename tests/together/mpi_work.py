# SPDX-License-Identifier: MIT
"""mpi4py, two ranks: OpenMPI loads plugins. With `ctypes`, that is handed its objects, too."""
import array
import ctypes
import sys

from mpi4py import MPI

world = MPI.COMM_WORLD
rank, other = world.rank, 1 - world.rank
said = []


def say(*words):
    said.append(" ".join(map(str, words)))


say("rank", rank, "of", world.size, MPI.Get_library_version().split(",")[0])
if rank == 0:
    world.send({"text": "tea", "price": 3.5}, dest=1, tag=7)
    say("answer", world.recv(source=1))
else:
    got = world.recv(source=0, tag=7)
    world.send([got["text"], got["price"] * 2], dest=0)
say("allreduce", world.allreduce(rank + 1), world.allreduce([rank], op=MPI.SUM))

# Larger than what goes in one piece.
mine, theirs = array.array("d", [rank + 0.5] * 300000), array.array("d", bytes(2400000))
world.Sendrecv(mine, dest=other, recvbuf=theirs, source=other)
say("buffers", theirs[0], theirs[-1], sum(theirs))
total = array.array("d", bytes(8 * 4))
world.Allreduce(array.array("d", [rank, 1, 2, 3]), total)
say("sum", list(total))
say("gather", world.gather(rank * rank, root=0), world.bcast("all" if rank == 0 else None))
request = world.isend(rank, dest=other)
say("request", world.recv(source=other), request.wait())

column = MPI.DOUBLE.Create_vector(3, 1, 4).Commit()
if rank == 0:
    world.Send([array.array("d", range(12)), 1, column], dest=1)
else:
    got = array.array("d", bytes(24))
    world.Recv(got, source=0)
    say("column", list(got))
column.Free()



def greatest_of(a, b, kind):
    b[:] = max(bytes(a), bytes(b))


greatest = MPI.Op.Create(greatest_of, commute=True)
best = bytearray(4)
world.Allreduce([b"abc%d" % rank, MPI.BYTE], [best, MPI.BYTE], op=greatest)
say("own operation", bytes(best))
alone = world.Split(color=rank)
say("split", alone.size, world.Dup().size, world.Create_cart([2]).coords)

window = MPI.Win.Allocate_shared(16 if rank == 0 else 0, 8, comm=world)
memory, _ = window.Shared_query(0)
window.Fence()
memory[8 * rank:8 * rank + 8] = array.array("d", [rank + 0.25]).tobytes()
window.Fence()
say("shared", list(array.array("d", bytes(memory))))
window.Free()

file = MPI.File.Open(world, sys.argv[1], MPI.MODE_CREATE | MPI.MODE_RDWR)
file.Write_at_all(5 * rank, b"rank%d" % rank)
file.Sync()
world.Barrier()
got = bytearray(10)
file.Read_at_all(0, got)
say("file", bytes(got))
file.Close()

if "ctypes" in sys.argv:
    # What ctypes finds by its name is the library that mpi4py has initialized.
    library = ctypes.CDLL("libmpi.so.40")
    handle = ctypes.c_void_p.from_address(MPI._addressof(world))
    size, started = ctypes.c_int(), ctypes.c_int()
    library.MPI_Initialized(ctypes.byref(started))
    say("initialized", started.value)
    if started.value:
        library.MPI_Comm_size(handle, ctypes.byref(size))
        say("size", size.value)
try:
    world.send(None, dest=5)
except MPI.Exception as error:
    say("error", error.Get_error_string())
for lines in world.gather(said) or []:
    print("\n".join(lines))
