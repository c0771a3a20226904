"""Plays "Sign in with Google": OpenID Connect with discovery, a page to choose who one is, tokens, keys, userinfo.

Any client id is known here; a secret, PKCE (S256), a state and a nonce are asked for, as a careful client sends them.
"""

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sojourn.sandbox.config import is_web_address
from sojourn.sandbox.errors import Json
from sojourn.sandbox.oidc_tokens import TOKEN_SECONDS, Grants, Keyring, challenge_of, hash_of, subject_of
from sojourn.sandbox.store import Store

AUTHORIZE, TOKEN, KEYS, USERINFO = "/o/oauth2/v2/auth", "/token", "/oauth2/v3/certs", "/v1/userinfo"
MOUNTED_AT = "/google"
NO_STORE = {"Cache-Control": "no-store"}

Render = Callable[..., Response]


class OidcRefusal(Exception):
    """An error of RFC 6749, 5.2."""

    def __init__(self, name: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.name, self.description, self.status = name, description, status

    def as_json(self) -> Response:
        body = {"error": self.name, "error_description": self.description}
        return JSONResponse(body, status_code=self.status, headers=NO_STORE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client sent the browser with."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    login_hint: str

    def back(self, **answer: str) -> Response:
        parts = urlsplit(self.redirect_uri)
        query = [*parse_qsl(parts.query, keep_blank_values=True), *answer.items(), ("state", self.state)]
        return RedirectResponse(urlunsplit(parts._replace(query=urlencode(query))), status_code=303)


class Oidc:
    def __init__(self, base_url: str, store: Store, render: Render) -> None:
        self._issuer = base_url + MOUNTED_AT
        self._keyring = Keyring(store)
        self._grants = Grants(store)
        self._render = render

    def routes(self) -> list[Route]:
        return [
            Route(f"{MOUNTED_AT}/.well-known/openid-configuration", self.discovery, methods=["GET"]),
            Route(MOUNTED_AT + AUTHORIZE, self.choose, methods=["GET"]),
            Route(MOUNTED_AT + AUTHORIZE, self.chosen, methods=["POST"]),
            Route(MOUNTED_AT + TOKEN, self.token, methods=["POST"]),
            Route(MOUNTED_AT + KEYS, self.keys, methods=["GET"]),
            Route(MOUNTED_AT + USERINFO, self.userinfo, methods=["GET"]),
            Route("/_sandbox/google/rotate", self.rotate, methods=["POST"]),
        ]

    async def discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self._issuer,
                "authorization_endpoint": self._issuer + AUTHORIZE,
                "token_endpoint": self._issuer + TOKEN,
                "userinfo_endpoint": self._issuer + USERINFO,
                "jwks_uri": self._issuer + KEYS,
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(self, _: Request) -> Response:
        return JSONResponse(self._keyring.published())

    async def rotate(self, _: Request) -> Response:
        """Sign with a new key from now on, as Google does every few weeks."""
        return JSONResponse({"kid": self._keyring.rotate()["kid"]})

    async def choose(self, request: Request) -> Response:
        return self._answer(request, self._page)

    async def chosen(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode(errors="replace")).items()}
        return self._answer(request, lambda asked: self._sign_in(asked, form))

    def _answer(self, request: Request, on_asked: Callable[[Asked], Response]) -> Response:
        try:
            asked = _read_asked(request.query_params)
        except OidcRefusal as refusal:
            return self._render("signin.html", status=400, asked=None, problem=refusal.description)
        return on_asked(asked)

    def _page(self, asked: Asked, *, problem: str | None = None) -> Response:
        return self._render("signin.html", status=400 if problem else 200, asked=asked, problem=problem)

    def _sign_in(self, asked: Asked, form: Mapping[str, str]) -> Response:
        if "deny" in form:
            return asked.back(error="access_denied")
        email = form.get("email", "").strip()
        if "@" not in email:
            return self._page(asked, problem="Say which address you sign in with.")
        name = form.get("name", "").strip() or email.partition("@")[0]
        claims: Json = {
            "sub": form.get("sub") or subject_of(email), "email": email, "name": name,
            "email_verified": form.get("email_verified") == "yes",
        }  # fmt: skip
        kept = {
            "client_id": asked.client_id, "redirect_uri": asked.redirect_uri, "challenge": asked.challenge,
            "nonce": asked.nonce, "claims": claims,
        }  # fmt: skip
        return asked.back(code=self._grants.keep("4/", kept))

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode(errors="replace")).items()}
        try:
            return JSONResponse(self._redeem(request, form), headers=NO_STORE)
        except OidcRefusal as refusal:
            return refusal.as_json()

    def _redeem(self, request: Request, form: Mapping[str, str]) -> Json:
        client_id = _client_of(request, form)
        if form.get("grant_type") != "authorization_code":
            raise OidcRefusal("unsupported_grant_type", "Only authorization_code is played here.")
        code = form.get("code", "")
        kept = self._grants.take_code(code)
        if kept is None:
            raise OidcRefusal("invalid_grant", "The code is unknown, used or too old.")
        if kept["client_id"] != client_id or kept["redirect_uri"] != form.get("redirect_uri"):
            raise OidcRefusal("invalid_grant", "The code was given to another client or for another address.")
        if not hmac.compare_digest(challenge_of(form.get("code_verifier", "")), kept["challenge"]):
            raise OidcRefusal("invalid_grant", "The code_verifier does not fit the code_challenge.")
        access_token = self._grants.keep("ya29.", {"claims": kept["claims"], "code": code})
        now = int(time.time())
        id_token = self._keyring.sign(
            {
                "iss": self._issuer, "aud": client_id, "azp": client_id, "iat": now, "exp": now + TOKEN_SECONDS,
                "nonce": kept["nonce"], "at_hash": hash_of(access_token), **kept["claims"],
            }
        )  # fmt: skip
        return {
            "access_token": access_token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "id_token": id_token,
            "scope": "openid email profile",
        }  # fmt: skip

    async def userinfo(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        kept = self._grants.find_token(token) if token.startswith("ya29.") else None
        if kept is None:
            return OidcRefusal("invalid_token", "The access token is unknown or too old.", status=401).as_json()
        return JSONResponse(kept["claims"], headers=NO_STORE)


def _read_asked(query: Mapping[str, str]) -> Asked:
    if not is_web_address(query.get("redirect_uri", "")):
        raise OidcRefusal("invalid_request", "redirect_uri must be an http address.")
    for name, wanted in (("response_type", "code"), ("code_challenge_method", "S256")):
        if query.get(name) != wanted:
            raise OidcRefusal("invalid_request", f"{name} must be {wanted}.")
    for name in ("client_id", "state", "nonce", "code_challenge"):
        if not query.get(name):
            raise OidcRefusal("invalid_request", f"{name} is missing.")
    if "openid" not in query.get("scope", "").split():
        raise OidcRefusal("invalid_scope", "scope must have openid.")
    return Asked(
        query["client_id"], query["redirect_uri"], query["state"], query["nonce"], query["code_challenge"],
        query.get("login_hint", ""),
    )  # fmt: skip


def _client_of(request: Request, form: Mapping[str, str]) -> str:
    """Whoever knows a secret is believed: nobody here has more than one client."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if scheme.lower() == "basic":
        try:
            first, _, second = base64.b64decode(credentials).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            first = second = ""
        client_id, secret = unquote(first), unquote(second)
    if not client_id or not secret:
        raise OidcRefusal("invalid_client", "A client id and its secret are missing.", status=401)
    return client_id
