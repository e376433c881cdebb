"""A miner's model for `embed/1` in Python: `inktensor mine --model http://127.0.0.1:8000/`.

    python3 serve.py --state embed.state           # a state of embed/1
    python3 serve.py --folder DIR --port 8000      # config.json, vocab.txt, model.safetensors

`POST /` takes a question `{"text": "..."}` and answers `{"answer": [12, -80, ...]}`, the vector of
the text in whole thousandths. A text over the limits is answered with status 422. There are no
keys and no chain here: the miner has them. Needs numpy.

The server prints one line with its address once it listens. With `--port 0` the system chooses.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bert import load_folder, load_state

BODY_LIMIT = 65536
TEXT_LIMIT = 8192
SECONDS = 10


class Handler(BaseHTTPRequestHandler):
    model = None
    timeout = SECONDS

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > BODY_LIMIT:
            return self.reply(413, {"error": f"a question has at most {BODY_LIMIT} bytes"})
        try:
            text = json.loads(self.rfile.read(int(length)))["text"]
            if len(text.encode()) > TEXT_LIMIT:
                raise ValueError(f"the text is over {TEXT_LIMIT} bytes")
            self.reply(200, {"answer": self.model.answer(text)})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.reply(422, {"error": str(error)})

    def reply(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing: the miner does."""


def main():
    parser = argparse.ArgumentParser(description="Serves a BERT for embed/1.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--state", help="a state of embed/1")
    source.add_argument("--folder", help="config.json, vocab.txt, model.safetensors")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    state = arguments.state
    Handler.model = load_state(state) if state else load_folder(arguments.folder)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
