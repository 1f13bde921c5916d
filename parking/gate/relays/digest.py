"""Digest access authentication (RFC 7616, qop `auth`): the password never travels. SHA-256, and MD5 for devices that know no better."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_PAIR = re.compile(r'([A-Za-z0-9*-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.){0,512})"|([^\s",]{1,512}))\s*(?:,|$)\s*')
_PAIRS_MOST = 16
ALGORITHMS = ("SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a device wants to see answered."""

    realm: str
    nonce: str
    algorithm: str
    opaque: str | None = None


def parse_challenge(header: str) -> Challenge | None:
    """The first challenge in a WWW-Authenticate header that we can answer, the stronger algorithm first; None when there is none."""
    found = [challenge for part in _split(header) if (challenge := _one(part)) is not None]
    return min(found, key=lambda challenge: ALGORITHMS.index(challenge.algorithm), default=None)


def authorization(
    challenge: Challenge, *, user: str, password: str, method: str, target: str, cnonce: str, count: int
) -> str:
    """The Authorization header for the `count`th request under this challenge's nonce."""
    algorithm = challenge.algorithm
    secret = _hash(algorithm, f"{user}:{challenge.realm}:{password}")
    what = _hash(algorithm, f"{method}:{target}")
    number = f"{count:08x}"
    response = _hash(algorithm, f"{secret}:{challenge.nonce}:{number}:{cnonce}:auth:{what}")
    fields = [
        f"username={_quoted(user)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(target)}",
        f"algorithm={algorithm}",
        "qop=auth",
        f"nc={number}",
        f"cnonce={_quoted(cnonce)}",
        f'response="{response}"',
    ]
    if challenge.opaque is not None:
        fields.append(f"opaque={_quoted(challenge.opaque)}")
    return "Digest " + ", ".join(fields)


def parse_fields(text: str) -> dict[str, str] | None:
    """The name=value pairs of a challenge or an answer to one, names in lower case; None when they are not such."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None or len(fields) == _PAIRS_MOST or pair[1].lower() in fields:
            return None
        quoted, token = pair[2], pair[3]
        fields[pair[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token
        at = pair.end()
    return fields


def _split(header: str) -> list[str]:
    return re.split(r"(?:^|,)\s*Digest\s+", header[:8192], flags=re.IGNORECASE)[1:]


def _one(text: str) -> Challenge | None:
    fields = parse_fields(text.strip().rstrip(","))
    if not fields or "realm" not in fields or not fields.get("nonce"):
        return None
    algorithm = fields.get("algorithm", "MD5").upper()
    offers = {offer.strip().lower() for offer in fields.get("qop", "").split(",")}
    if algorithm not in ALGORITHMS or "auth" not in offers or not all(map(_is_plain, fields.values())):
        return None
    return Challenge(fields["realm"], fields["nonce"], algorithm, fields.get("opaque"))


def _is_plain(text: str) -> bool:
    return all(32 <= ord(letter) != 127 for letter in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hash(algorithm: str, text: str) -> str:
    name = "sha256" if algorithm == "SHA-256" else "md5"
    return hashlib.new(name, text.encode("utf-8"), usedforsecurity=False).hexdigest()
