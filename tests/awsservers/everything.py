"""All of AWS on a free port of 127.0.0.1: the first line of output is the port. It ends
with its standard input."""

import os
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
os._exit(0)
