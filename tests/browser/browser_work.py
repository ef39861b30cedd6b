"""What people put on calls, as a server keeps it: stars, tags, notes and shares, by the contract and strictly."""

from __future__ import annotations

from typing import Any

from browser_stub import Reply, Stub, error

SID = r"(CA[0-9a-f]{32})"
NOW = "2026-11-20T10:00:00+02:00"


class Work:
    """The marks of all calls of a stub, and the shares of them; `me` is who asks."""

    def __init__(self, stub: Stub, me: str = "dana") -> None:
        self.stub = stub
        self.me = me
        self.stars: dict[str, set[str]] = {}
        self.tags: dict[str, list[dict[str, str]]] = {}
        self.notes: dict[str, list[dict[str, Any]]] = {}
        self.shares: dict[str, list[dict[str, Any]]] = {}
        self.known = ["billing", "complaint", "חיוב"]
        calls = f"/api/calls/{SID}"
        stub.routes.update({
            f"PUT {calls}/star[?]for=(me|all)": self.star,
            f"DELETE {calls}/star[?]for=(me|all)": self.unstar,
            f"PUT {calls}/tags/([^/?]+)[?]for=(me|all)": self.tag,
            f"DELETE {calls}/tags/([^/?]+)[?]for=(me|all)": self.untag,
            f"POST {calls}/notes": self.note,
            f"DELETE {calls}/notes/([0-9]+)": self.unnote,
            "GET /api/tags": lambda: Reply(200, {"tags": [{"tag": one, "calls": 3} for one in self.known]}),
            f"POST {calls}/shares": self.share,
            f"GET {calls}/shares": lambda sid: Reply(200, {"shares": self.shares.get(sid, [])}),
            f"DELETE {calls}/shares/([0-9]+)": self.revoke,
        })

    def starred(self, sid: str) -> str | None:
        """One's own goes before everybody's."""
        return min(self.stars.get(sid, set()), key="me all".index, default=None)

    def of(self, sid: str) -> dict[str, Any]:
        return {"starred": self.starred(sid), "tags": self.tags.get(sid, []),
                "notes": self.notes.get(sid, [])}

    def star(self, sid: str, whose: str) -> Reply:
        self.stars.setdefault(sid, set()).add(whose)
        return Reply(200, self.of(sid))

    def unstar(self, sid: str, whose: str) -> Reply:
        self.stars.get(sid, set()).discard(whose)
        return Reply(200, self.of(sid))

    def tag(self, sid: str, tag: str, whose: str) -> Reply:
        if tag != tag.strip() or not 0 < len(tag) <= 40:
            return error(400, "bad_parameter")
        self.tags.setdefault(sid, []).append({"tag": tag, "for": whose})
        return Reply(200, self.of(sid))

    def untag(self, sid: str, tag: str, whose: str) -> Reply:
        self.tags[sid].remove({"tag": tag, "for": whose})
        return Reply(200, self.of(sid))

    def note(self, sid: str, body: dict[str, Any]) -> Reply:
        if set(body) != {"recording", "at", "text", "for"} or body["for"] not in ("me", "all"):
            return error(400, "bad_parameter")
        if body["recording"] is not None and not body["recording"].startswith("RE"):
            return error(400, "bad_parameter")
        number = sum(map(len, self.notes.values())) + 1
        self.notes.setdefault(sid, []).append(
            {**body, "id": number, "by": self.me, "mine": True, "created_at": NOW})
        return Reply(201, self.of(sid))

    def unnote(self, sid: str, number: str) -> Reply:
        self.notes[sid] = [one for one in self.notes[sid] if one["id"] != int(number)]
        return Reply(200, self.of(sid))

    def share(self, sid: str, body: dict[str, Any]) -> Reply:
        if set(body) != {"recording", "from", "to", "expires_in", "listenings", "label"}:
            return error(400, "bad_parameter")
        if not 0 < body["expires_in"] <= 30 * 86_400:
            return error(400, "bad_parameter")
        number = sum(map(len, self.shares.values())) + 1
        made = {"id": number, "label": body["label"], "by": self.me, "created_at": NOW,
                "expires_at": "2100-01-01T00:00:00Z", "revoked_at": None, "listened": 0,
                **{name: body[name] for name in ("listenings", "recording", "from", "to")}}
        self.shares.setdefault(sid, []).insert(0, made)
        return Reply(201, {**made, "url": f"{self.stub.url}/share.html#token{number}"})

    def revoke(self, sid: str, number: str) -> Reply:
        for one in self.shares[sid]:
            if one["id"] == int(number):
                one["revoked_at"] = NOW
                return Reply(200, one)
        return error(404, "not_found")
