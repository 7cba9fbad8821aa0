"""A company's directory on loopback: what an OpenID provider answers, honest or not."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "touchpoint", "a-secret-of-the-directory"


@dataclass
class Provider:
    """Signs what it is told to sign; gives each code out once."""

    codes: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # code -> challenge, claims
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: Any = None  # another key than the one it publishes
    calls_itself: str = ""

    def __enter__(self) -> Provider:
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    return self._json(200, outer.about())
                return self._json(200, {"keys": [outer.key.as_dict(private=False)]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._json(*outer.exchange(self.headers.get("Authorization", ""), parse_qs(body)))

            def _json(self, status: int, value: Any) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def about(self) -> dict[str, Any]:
        base = self.issuer
        return {
            "issuer": self.calls_itself or base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
        }  # fmt: skip

    def signs_in(self, asked: str, now: datetime, **changed: Any) -> str:
        """Somebody signs in there; the query with which their browser comes back."""
        url = urlsplit(asked)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert (url.path, query["response_type"], query["client_id"]) == ("/authorize", "code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        at = int(now.timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "u-1", "nonce": query["nonce"], "iat": at, "exp": at + 300,
            "email": "ari@example.com", "email_verified": True, **changed,
        }  # fmt: skip
        code = f"code-{len(self.codes)}"
        self.codes[code] = query["code_challenge"], {k: v for k, v in claims.items() if v is not None}
        return f"code={code}&state={query['state']}"

    def exchange(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, Any]:
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = self.codes.pop(form["code"][0], None)
        if known is None or authorization != expected:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != known[0]:
            return 400, {"error": "invalid_grant"}
        header = {"alg": self.algorithm, "kid": "one"}
        key = self.signs_with or self.key
        if self.algorithm == "none":
            parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in (header, known[1])]
            return 200, {"access_token": "x", "token_type": "Bearer", "id_token": ".".join([*parts, ""])}
        token = jwt.encode(header, known[1], key, algorithms=[self.algorithm])
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": token}


def client_secret_as_key() -> OctKey:
    """What a forger takes who knows the secret that both sides share."""
    return OctKey.import_key(SECRET * 2, {"kid": "one"})
