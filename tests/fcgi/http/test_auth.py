"""Who is asking: a token as bearer or as cookie, and every way in which one may be no good."""

from __future__ import annotations

import base64
import hmac
import http.cookies
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from http_expect import says
from http_given import Given, given_in
from stack import tokens
from stack.api import Answer, Api
from stack.calls import new_sid, token_for
from stack.stack import Stack

BUSINESS = 1
FOREVER = 4102444800  # 2100-01-01
GOOD = {"business_id": BUSINESS, "sub": "tester", "exp": FOREVER}
LIST = "/api/calls?limit=1"


def packed(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


# ---- tokens ----

Maker = Callable[[str], str]


def claims(**changes: Any) -> Maker:
    return lambda secret: tokens.encode(secret, {**GOOD, **changes})


def only(values: Mapping[str, Any]) -> Maker:
    return lambda secret: tokens.encode(secret, values)


def header(**fields: Any) -> Maker:
    return lambda secret: tokens.encode(secret, GOOD, fields or {"typ": "JWT"})


def raw_claims(text: bytes, algorithm: str = "HS256", digest: str = "sha256") -> Maker:
    """A token well-signed with this algorithm, over what may be no proper set of claims."""
    def make(secret: str) -> str:
        signed = packed(json.dumps({"alg": algorithm}).encode()) + "." + packed(text)
        return signed + "." + packed(hmac.digest(secret.encode(), signed.encode(), digest))

    return make


def cut(change: Callable[[list[str]], list[str]]) -> Maker:
    """A good token, its three parts changed."""
    return lambda secret: ".".join(change(tokens.encode(secret, GOOD).split(".")))


GOOD_TOKENS: dict[str, Maker] = {
    "as the CRM makes them": claims(),
    "with more claims": claims(iat=1, role="admin", name="דנה", nested={"a": [1]}),
    "from now on": claims(nbf=int(time.time())),
    "to a fraction of a second": claims(exp=FOREVER + 0.5, nbf=time.time() - 1.5),
    "to an exponent": claims(exp=4.1e9),
    "without a subject": only(without("sub")),
    "without a type": header(alg="HS256"),
    "of a large business": claims(business_id=2**62),
    "that never ends": claims(exp=2**62),
}

BAD_TOKENS: dict[str, Maker] = {
    "nothing": lambda secret: "",
    "a word": lambda secret: "x",
    "dots": lambda secret: "..",
    "one part": cut(lambda parts: parts[:1]),
    "two parts": cut(lambda parts: parts[:2]),
    "four parts": cut(lambda parts: [*parts, parts[2]]),
    "no signature": cut(lambda parts: [*parts[:2], ""]),
    "half a signature": cut(lambda parts: [*parts[:2], parts[2][:20]]),
    "a longer signature": cut(lambda parts: [*parts[:2], parts[2] + "AAAA"]),
    "another signature": cut(lambda parts: [*parts[:2], "A" * 43]),
    "bad base64 in the signature": cut(lambda parts: [*parts[:2], "!" * 43]),
    "bad base64 in the header": cut(lambda parts: ["!!!", *parts[1:]]),
    "bad base64 in the claims": cut(lambda parts: [parts[0], "!!!", parts[2]]),
    "other claims": cut(lambda parts: [
        parts[0], packed(json.dumps({**GOOD, "business_id": 2}).encode()), parts[2]]),
    "alg none, unsigned": cut(lambda parts: [packed(b'{"alg":"none"}'), parts[1], ""]),
    "alg None, unsigned": cut(lambda parts: [packed(b'{"alg":"None"}'), parts[1], ""]),
    "alg none, signed": header(alg="none"),
    "alg HS384": header(alg="HS384"),
    "alg HS512": header(alg="HS512"),
    "alg RS256": header(alg="RS256"),
    "alg hs256": header(alg="hs256"),
    "alg dir": header(alg="dir", enc="A256GCM"),
    "alg a number": header(alg=256),
    "no alg": header(),
    "signed with HS384": raw_claims(json.dumps(GOOD).encode(), "HS384", "sha384"),
    "signed with HS512": raw_claims(json.dumps(GOOD).encode(), "HS512", "sha512"),
    "a header that must be understood, and is not": header(alg="HS256", crit=["x"], x=1),
    "another key": lambda secret: tokens.encode(secret[::-1], GOOD),
    "an empty key": lambda secret: tokens.encode("", GOOD),
    "huge": claims(sub="x" * 5000),
    "very huge": claims(sub="x" * 12000),
    "a subject beyond measure": claims(sub="x" * 200),
    "no exp": only(without("exp")),
    "expired": claims(exp=int(time.time()) - 1),
    "expired long ago": claims(exp=0),
    "expired before time": claims(exp=-1),
    **{f"exp {value!r}": claims(exp=value)
       for value in (str(FOREVER), 1.5, -1.5, 1e300, None, True, [FOREVER], 2**64)},
    "not yet": claims(nbf=FOREVER - 1),
    **{f"nbf {value!r}": claims(nbf=value)
       for value in (FOREVER - 0.5, str(FOREVER), None, True, [0])},
    "no business": only(without("business_id")),
    **{f"business {value!r}": claims(business_id=value)
       for value in (0, -1, "1", 1.0, 1.5, None, True, [1], {"id": 1}, 2**63, 2**64)},
    "a list of claims": raw_claims(b"[1]"),
    "no claims": raw_claims(b"{}"),
    "no json": raw_claims(b"{"),
    "nothing signed": raw_claims(b""),
    "no utf-8": raw_claims(b'{"business_id":1,"exp":4102444800,"sub":"\xff"}'),
    "a claim twice": raw_claims(b'{"business_id":2,"exp":4102444800,"business_id":1}'),
    "two sets": raw_claims(b'{"business_id":1,"exp":4102444800}{}'),
}


@pytest.mark.parametrize("name", GOOD_TOKENS)
def test_a_good_token_is_let_in(stack: Stack, name: str) -> None:
    token = GOOD_TOKENS[name](stack.config["JWT_SECRET"])
    api = Api(stack.base_url)
    assert api.get(LIST, token=token).status == 200
    assert api.get(LIST, headers={"Cookie": f"session={token}"}).status == 200


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_not(stack: Stack, name: str) -> None:
    token = BAD_TOKENS[name](stack.config["JWT_SECRET"])
    api = Api(stack.base_url)
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"session={token}"}):
        for path in (LIST, f"/api/recordings/file/{new_sid('CA')}"):
            answer = api.get(path, headers=headers)
            says(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/recordings/file/{}"), ("HEAD", "/api/recordings/file/{}"),
    ("POST", "/api/recordings/{}/prepare"), ("GET", "/api/recordings/{}/status"),
    ("GET", "/api/calls"), ("GET", "/api/calls/{}"), ("GET", "/api/calls/{}/download"),
    ("POST", "/api/session"),
])
def test_without_a_token_all_is_closed(stack: Stack, given: Given, method: str, path: str) -> None:
    call = given.recorded(BUSINESS)
    given.file(BUSINESS, call, b"RIFF of a sort")
    answer = Api(stack.base_url).request(method, path.format(call))
    if method == "HEAD":
        assert (answer.status, answer.body) == (401, b"")
    else:
        says(answer, 401, "unauthorized")


@pytest.mark.parametrize("headers, status", [
    ({"Authorization": "Bearer {good}"}, 200),
    ({"Authorization": "bearer {good}"}, 200),
    ({"Authorization": "Bearer   {good}"}, 200),
    ({"Authorization": "Bearer {good} "}, 200),  # the web server trims it
    ({"Authorization": "Bearer{good}"}, 401),
    ({"Authorization": "Basic {good}"}, 401),
    ({"Authorization": "{good}"}, 401),
    ({"Authorization": "Bearer {good} {good}"}, 401),
    ({"Authorization": "Bearer {good},"}, 401),
    ({"Cookie": "session={good}"}, 200),
    ({"Cookie": "a=b; session={good}; c=d"}, 200),
    ({"Cookie": "a=b;session={good}"}, 200),
    ({"Cookie": "a; ; session={good};"}, 200),
    ({"Cookie": "xsession={good}"}, 401),
    ({"Cookie": "Session={good}"}, 401),
    ({"Cookie": "a=session={good}"}, 401),
    ({"Cookie": "session=x; session={good}"}, 401),
    ({"Cookie": "session="}, 401),
    ({"Cookie": "session"}, 401),
    ({"Cookie": ";" * 4000}, 401),
    ({"Authorization": "Bearer x", "Cookie": "session={good}"}, 401),
    ({"Authorization": "Bearer", "Cookie": "session={good}"}, 200),
    ({"Authorization": "Basic x", "Cookie": "session={good}"}, 200),
    ({"Authorization": "Bearer {good}", "Cookie": "session=x"}, 200),
])
def test_where_a_token_may_stand(stack: Stack, headers: dict[str, str], status: int) -> None:
    good = token_for(stack, BUSINESS)
    sent = {name: value.replace("{good}", good) for name, value in headers.items()}
    assert Api(stack.base_url).get(LIST, headers=sent).status == status


def test_a_tokens_business_is_the_callers(given: Given, new_business: Callable[[], int]) -> None:
    first, second = new_business(), new_business()
    call = given.call(first)
    assert given.api(first).get(f"/api/calls/{call}").status == 200
    assert given.api(second).get(f"/api/calls/{call}").status == 404


# ---- the session cookie ----


def cookie_of(answer: Answer) -> http.cookies.Morsel[str]:
    jar: http.cookies.SimpleCookie[str] = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
    assert list(jar) == ["session"]
    return jar["session"]


def test_a_bearer_becomes_a_cookie(stack: Stack) -> None:
    token = token_for(stack, BUSINESS, exp=FOREVER)
    api = Api(stack.base_url)
    answer = api.post("/api/session", token=token)
    assert answer.status == 200 and answer.json["ok"] is True
    cookie = cookie_of(answer)
    assert (cookie.value, cookie["path"], cookie["samesite"]) == (token, "/", "Lax")
    assert cookie["httponly"] is True and not cookie["secure"] and not cookie["domain"]
    assert abs(int(cookie["max-age"]) - (FOREVER - time.time())) < 60
    assert api.get(LIST, headers={"Cookie": f"session={cookie.value}"}).status == 200


def test_on_https_it_is_secure_and_goes_away_again(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides={"PUBLIC_BASE_URL": "https://calls.example"}, responders=1)
    api = Api(stack.base_url)
    cookie = cookie_of(api.post("/api/session", token=stack.token))
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
    gone = api.delete("/api/session", headers={
        "Cookie": f"session={cookie.value}", "Origin": "https://calls.example"})
    assert (gone.status, gone.json["ok"]) == (200, True)
    cookie = cookie_of(gone)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")
    assert cookie["secure"] and cookie["httponly"]


def test_signing_out_needs_no_valid_session(stack: Stack) -> None:
    own = {"Origin": stack.public_base_url}
    for headers in ({}, {"Authorization": "Bearer x"}, {**own, "Cookie": "session=expired"}):
        answer = Api(stack.base_url).delete("/api/session", headers=headers)
        assert answer.status == 200 and cookie_of(answer)["max-age"] == "0"
        assert answer.headers["Clear-Site-Data"] == '"cache"'


def test_who_is_not_signed_in_is_told_where(make_stack: Callable[..., Stack], stack: Stack) -> None:
    """By every refusal, also of a token that does not hold; without LOGIN_URL by none."""
    crm = "https://crm.example/calls?from=tapedeck"
    led = make_stack(overrides={"LOGIN_URL": crm}, responders=1)
    for api in (Api(led.base_url), Api(led.base_url, "x.y.z")):
        for answer in (api.get(LIST), api.post("/api/session")):
            assert says(answer, 401, "unauthorized")["login_url"] == crm
    assert "login_url" not in says(Api(stack.base_url).get(LIST), 401, "unauthorized")


def test_another_secret_is_another_house(make_stack: Callable[..., Stack], stack: Stack) -> None:
    other = make_stack(responders=1)
    assert Api(other.base_url, other.token).get(LIST).status == 200
    says(Api(other.base_url, stack.token).get(LIST), 401, "unauthorized")
    with given_in(other) as given:
        call = new_sid("CA")
        given.file(BUSINESS, call, b"RIFF of a sort")
        link = given.link(BUSINESS, f"{call}.wav", FOREVER)
    assert Api(other.base_url).get(link).status == 200
