"""The floor to measure against: a bare proxy in front of the departments, nginx or Node, where one is at hand."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.cli.world.processes import Child, free_ports, listening, start, stop_all, wait_until

#: One hop: the question as it came to the department behind. `/fan`: the calls of a question to each department at
#: once, the answers one after another; it reads nothing of what it carries.
_NODE = """
const http = require('http');
const {port, hop, fan} = JSON.parse(require('fs').readFileSync(process.argv[2]));
const agent = new http.Agent({keepAlive: true, maxSockets: 64});
const whole = (stream, done) => {
  const parts = [];
  stream.on('data', part => parts.push(part)).on('end', () => done(Buffer.concat(parts)));
};
const call = (port, path, headers, body) => new Promise((done, failed) => {
  const sent = {...headers, host: 'floor', 'content-length': Buffer.byteLength(body)};
  const to = {host: '127.0.0.1', port, path, method: 'POST', agent, headers: sent};
  http.request(to, answer => whole(answer, found => done([answer.statusCode, found]))).on('error', failed).end(body);
});
http.createServer((asked, answer) => whole(asked, async body => {
  const [code, id] = body.toString().split(' ');
  const fill = text => text.replaceAll('@code@', code).replaceAll('@id@', id);
  const calls = asked.url === '/fan'
    ? fan.map(one => call(one.port, one.path, asked.headers, fill(one.body)))
    : [call(hop, asked.url, asked.headers, body)];
  const found = await Promise.all(calls);
  answer.writeHead(Math.max(...found.map(one => one[0])), {'content-type': 'application/json'});
  answer.end(Buffer.concat(found.map(one => one[1])));
})).listen(port, '127.0.0.1');
"""

_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream department {{ server 127.0.0.1:{hop}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://department; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


@dataclass(frozen=True)
class Fan:
    """One call of the fan-out: where to, and its body, with `@code@` and `@id@` for whom it is about."""

    port: int
    path: str
    body: str


@dataclass(frozen=True)
class Floor:
    """One bare proxy: its name, where it listens, its process."""

    name: str
    port: int
    pid: int


@contextmanager
def floors(folder: Path, hop: int, fan: tuple[Fan, ...]) -> Iterator[Mapping[str, Floor]]:
    """The proxies that this machine has, by name; `hop` is the port of the department behind one hop."""
    makers = {"nginx": _nginx, "node": _node}
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        found = {}
        for name, command in makers.items():
            program = shutil.which(name)
            if program is None:
                continue
            port = free_ports(1)[0]
            child = start(name, command(program, folder, port, hop, fan), folder)
            stack.callback(stop_all, [child])
            _wait(child, port)
            found[name] = Floor(name, port, child.process.pid)
        if not found:
            print("Neither nginx nor node is at hand: there is no floor to compare with.", file=sys.stderr)
        yield found


def _node(program: str, folder: Path, port: int, hop: int, fan: tuple[Fan, ...]) -> list[str]:
    script, settings = folder / "floor.js", folder / "floor.json"
    script.write_text(_NODE)
    settings.write_text(json.dumps({"port": port, "hop": hop, "fan": [vars(one) for one in fan]}))
    return [program, str(script), str(settings)]


def _nginx(program: str, folder: Path, port: int, hop: int, fan: tuple[Fan, ...]) -> list[str]:
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, port=port, hop=hop))
    return [program, "-p", str(folder), "-c", str(settings)]


def _wait(child: Child, port: int) -> None:
    wait_until(lambda: listening(port), child, 10.0)
