"""A small identity provider for the tests: it checks what it is asked, PKCE included, and can lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

LOA3 = "http://id.sambi.se/loa/loa3"
CLIENT, SECRET = "portalen", "en-hemlighet"
PATIENT = {"OIDC_PATIENCE": 60, "OIDC_TIMEOUT": 60}  # a busy machine is no slow provider


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _unchanged(facts: dict[str, Any]) -> None:
    pass


class IdentityProvider:
    """``person`` is who stands at its counter. What it says can be changed: ``token`` and
    ``user_info`` change what is about to be told, ``signed_by`` names another key, ``algorithm``
    another way of signing; ``faults`` has, by path, what is done instead of an answer."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.person: dict[str, Any] = {"sub": "1", "employeeHsaId": "SEDEMO-P1"}
        self.level = LOA3
        self.token: Callable[[dict[str, Any]], None] = _unchanged
        self.user_info: Callable[[dict[str, Any]], None] = _unchanged
        self.signed_by, self.algorithm = "its own", "RS256"
        self.new_code: Callable[[], str] = secrets.token_urlsafe
        self.faults: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, dict[str, Any]] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What the portal is told of it."""
        return {
            "OIDC_OP_ISSUER": self.issuer,
            "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{self.issuer}/authorize",
            "OIDC_OP_TOKEN_ENDPOINT": f"{self.issuer}/token",
            "OIDC_OP_USER_ENDPOINT": f"{self.issuer}/userinfo",
            "OIDC_OP_JWKS_ENDPOINT": f"{self.issuer}/jwks",
            "OIDC_OP_LOGOUT_ENDPOINT": f"{self.issuer}/logout",
            "OIDC_RP_CLIENT_ID": CLIENT,
            "OIDC_RP_CLIENT_SECRET": SECRET,
            **PATIENT,
        }

    def authorize(self, address: str) -> str:
        """The person signs in at its page: where the browser is sent back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert len(asked["state"]) > 30
        assert len(asked["nonce"]) > 30
        code = self.new_code()
        self._codes[code] = asked | {"person": dict(self.person), "level": self.level}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, path: str, asked: dict[str, str], bearer: str) -> tuple[int, Any]:
        self.asked.append(path)
        if path == "/jwks":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(key("its own").public_key(), as_dict=True)
            return 200, {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}
        if path == "/userinfo":
            if bearer not in self._tokens:
                return 401, {"error": "invalid_token"}
            told = dict(self._tokens[bearer])
            self.user_info(told)
            return 200, told
        return self._exchange(asked)

    def _exchange(self, asked: dict[str, str]) -> tuple[int, Any]:
        begun = self._codes.pop(asked.get("code", ""), None)
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        challenge = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if (
            begun is None
            or asked.get("grant_type") != "authorization_code"
            or asked.get("redirect_uri") != begun["redirect_uri"]
            or proof != begun["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        token = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": begun["person"]["sub"],
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            "acr": begun["level"],
        }
        self.token(token)
        bearer = secrets.token_urlsafe()
        self._tokens[bearer] = begun["person"]
        return 200, {
            "token_type": "Bearer",
            "access_token": bearer,
            "id_token": self._signed(token),
        }

    def _signed(self, token: dict[str, Any]) -> str:
        if self.algorithm == "none":
            return jwt.encode(token, None, algorithm="none", headers={"kid": "1"})
        secret: Any = SECRET if self.algorithm == "HS256" else key(self.signed_by)
        return jwt.encode(token, secret, algorithm=self.algorithm, headers={"kid": "1"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100
    provider: IdentityProvider


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer({name: values[0] for name, values in parse_qs(body).items()})

    def _answer(self, asked: dict[str, str]) -> None:
        provider = self.server.provider
        path = urlsplit(self.path).path
        if fault := provider.faults.get(path):
            fault(self)
            return
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, said = provider.answer(path, asked, bearer)
        self.say(status, json.dumps(said))

    def say(self, status: int, body: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(status: int, body: str, kind: str = "application/json") -> Callable[..., None]:
    """A fault: it answers that instead."""
    return lambda handler: handler.say(status, body, kind)
