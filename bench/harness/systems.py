"""The systems that are compared, and how a client talks to each."""

import json
import socket
from dataclasses import dataclass

from .processes import Server

NATIVE_PATH = "/api/v1/chat/message/stream"
OPENAI_PATH = "/v1/chat/completions"
# What every system is asked; Parley's history of a new conversation is this.
USER_TEXT = "How do you do? Please tell me a long story about the sea."


def native_body(model):
    return json.dumps({"message": USER_TEXT, "model": model},
                      separators=(",", ":"))


def openai_body(model):
    message = {"role": "user", "content": USER_TEXT}
    return json.dumps({"model": model, "stream": True, "messages": [message]},
                      separators=(",", ":"))


@dataclass
class System:
    name: str
    what: str
    # (context, core, folder, upstream port) -> Server, or None: the upstream
    # itself is talked to.
    start: object
    path: str = NATIVE_PATH
    text_key: str = "chunk"
    body: object = native_body
    # The response's head comes before the upstream has answered.
    early_head: bool = True


def start_parley(context, core, folder, upstream_port):
    if not context.parley.exists():
        raise SystemExit(f"bench: there is no {context.parley}; "
                         "scripts/build makes it, or name one with --parley")
    return Server(
        [context.parley, f"--llm.base-url=http://127.0.0.1:{upstream_port}/v1",
         "--http.listen=127.0.0.1:0", "--limits.max-response-chars=10000000",
         # One thread for one core, as every other system here has.
         "--runtime.threads=1", "--shutdown.grace=2s",
         f"--data-dir={folder}/data",
         *context.parley_options],
        core, folder / "parley.log")


def start_floor(context, core, folder, upstream_port):
    return Server([context.programs / "floor_relay",
                   f"--upstream-port={upstream_port}"],
                  core, folder / "floor.log")


def start_fastapi(context, core, folder, upstream_port):
    # Debian's interpreter, because the packages are Debian's.
    return Server(
        ["/usr/bin/python3", context.bench / "fastapi_app.py"], core,
        folder / "fastapi.log",
        {"PARLEY_BENCH_UPSTREAM": f"http://127.0.0.1:{upstream_port}/v1",
         "PARLEY_BENCH_DATABASE": str(folder / "fastapi.sqlite")})


NGINX_CONF = """
daemon off; master_process off; worker_rlimit_nofile 20000;
pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream mock {{ server 127.0.0.1:{upstream_port}; keepalive 1000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    keepalive_requests 1000000;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""


def start_nginx(_, core, folder, upstream_port):
    # nginx cannot say which port it got, so it is told one that was free.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, port=port,
                                      upstream_port=upstream_port))
    server = Server(["/usr/sbin/nginx", "-c", conf, "-e",
                     folder / "nginx.log"],
                    core, folder / "nginx.log", ready_port=port)
    wait_for_port(server, port)
    return server


def wait_for_port(server, port):
    while server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            continue
    raise SystemExit(f"bench: nginx did not start:\n{server.log_tail()}")


SYSTEMS = {
    system.name: system for system in [
        System("direct", "no relay: the client talks to the upstream", None,
               OPENAI_PATH, "content", openai_body, early_head=False),
        System("floor", "floor_relay: the least a relay can do", start_floor),
        System("parley", "build/parley", start_parley),
        System("fastapi", "FastAPI, uvicorn, httpx, SQLite", start_fastapi),
        System("nginx", "nginx as a plain unbuffered proxy", start_nginx,
               OPENAI_PATH, "content", openai_body, early_head=False),
    ]
}
DEFAULT_SYSTEMS = ["direct", "floor", "parley", "fastapi"]
