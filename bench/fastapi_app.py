"""The same job as Parley's native stream, as one would write it with FastAPI:
store the user's message, stream the upstream's tokens as SSE frames, store the
answer. It makes no other promise of Parley's (no resume, no limits).

    PARLEY_BENCH_UPSTREAM=http://127.0.0.1:PORT/v1 \
    PARLEY_BENCH_DATABASE=FILE python3 fastapi_app.py

prints `fastapi_app: listening on http://127.0.0.1:PORT` when it is ready.
SQLite runs in WAL mode with synchronous=FULL: like Parley's default, accepting
and finishing are synced. Its calls run in the thread pool, as FastAPI's
documentation advises for whatever blocks.
"""

import json
import os
import socket
import sqlite3
import threading
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS message (
  id TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  status TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_conversation ON message (conversation_id);
"""


class Store:
    """One connection for all threads, one transaction at a time."""

    def __init__(self, path):
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(SCHEMA)
        self._lock = threading.Lock()

    def accept(self, conversation_id, user_text):
        answer_id = f"msg_{uuid4().hex}"
        rows = [
            (f"msg_{uuid4().hex}", conversation_id, "user", user_text,
             "complete"),
            (answer_id, conversation_id, "assistant", "", "generating"),
        ]
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?)", rows)
        return answer_id

    def finish(self, answer_id, text, status):
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE message SET content = ?, status = ? WHERE id = ?",
                (text, status, answer_id))

    def history(self, conversation_id):
        with self._lock:
            return self._connection.execute(
                "SELECT role, content FROM message WHERE conversation_id = ?"
                " AND status = 'complete' ORDER BY rowid",
                (conversation_id,)).fetchall()


class ChatRequest(BaseModel):
    message: str
    conversation_id: str | None = None
    model: str = "default"


def frame(value):
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


async def answer(client, store, request, conversation_id, answer_id):
    yield frame({"type": "start", "conversation_id": conversation_id,
                 "message_id": answer_id})
    history = await run_in_threadpool(store.history, conversation_id)
    body = {
        "model": request.model,
        "stream": True,
        "messages": [{"role": role, "content": content}
                     for role, content in history],
    }
    texts = []
    status = "failed"
    try:
        async with client.stream("POST", "chat/completions",
                                 json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                delta = json.loads(line[6:])["choices"][0]["delta"]
                text = delta.get("content")
                if text:
                    texts.append(text)
                    yield frame({"chunk": text, "type": "content"})
        status = "complete"
    except httpx.HTTPError as error:
        yield frame({"error": str(error), "type": "error"})
    finally:
        await run_in_threadpool(store.finish, answer_id, "".join(texts),
                                status)
    yield frame({"type": "done", "finish_reason": "stop",
                 "message_id": answer_id})


def create_app(upstream, database):
    store = Store(database)
    client = httpx.AsyncClient(
        base_url=upstream, timeout=None,
        limits=httpx.Limits(max_connections=None,
                            max_keepalive_connections=None))

    @asynccontextmanager
    async def lifespan(_):
        yield
        await client.aclose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/v1/chat/message/stream")
    async def stream(request: ChatRequest):
        conversation_id = request.conversation_id or f"conv_{uuid4().hex}"
        answer_id = await run_in_threadpool(
            store.accept, conversation_id, request.message)
        return StreamingResponse(
            answer(client, store, request, conversation_id, answer_id),
            media_type="text/event-stream")

    return app


def main():
    app = create_app(os.environ["PARLEY_BENCH_UPSTREAM"],
                     os.environ["PARLEY_BENCH_DATABASE"])
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    config = uvicorn.Config(app, access_log=False, log_level="warning",
                            backlog=4096)
    port = listener.getsockname()[1]
    print(f"fastapi_app: listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
