"""What happens is told to whoever apprise reaches."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from yololab.errors import InputError
from yololab.sweep.leaderboard.alerts import make_alerts


@pytest.fixture
def service():
    """A service on this machine, and what it was told."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.heavy
def test_a_message_arrives_also_by_a_file_of_services(service, tmp_path):
    pytest.importorskip("apprise")
    url, received = service
    assert make_alerts([url])("yololab: a", "ended")
    (tmp_path / "services.txt").write_text(f"{url}\n")
    assert make_alerts([str(tmp_path / "services.txt")])("yololab: b", "stalls")
    assert [(item["title"], item["message"]) for item in received] == [
        ("yololab: a", "ended"),
        ("yololab: b", "stalls"),
    ]


def test_what_is_no_service_is_said_without_its_password(tmp_path):
    pytest.importorskip("apprise")
    with pytest.raises(InputError) as caught:
        make_alerts(["nonsense://s3cret", str(tmp_path / "missing.txt")])
    assert len(caught.value.problems) == 2
    assert "s3cret" not in str(caught.value)


def test_without_apprise_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(InputError, match=r"pip install 'yololab\[alerts\]'"):
        make_alerts(["ntfy://x"])
