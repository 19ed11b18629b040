"""Bearer tokens: several, each with the name of its holder. Only digests are kept, and no error shows a token."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from universe.errors import SettingsError

TOKENS_VARIABLE = "UNIVERSE_TOKENS"
TOKENS_FILE_BYTES_MAX = 2**20
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64}):(?P<token>[A-Za-z0-9._~+/-]{16,512}={0,2})")  # RFC 6750, 2.1
_SHAPE = "NAME:TOKEN (a name of letters, digits, . _ -; a token of 16 to 512 letters, digits, - . _ ~ + /)"


@attrs.frozen
class Tokens:
    """The tokens that a server lets in."""

    _digests: Mapping[str, bytes]  # by the holder's name

    @property
    def names(self) -> tuple[str, ...]:
        """The holders' names."""
        return tuple(self._digests)

    def holder(self, token: str) -> str | None:
        """Return whose token this is, None of nobody's. The time it takes tells nothing about any token."""
        digest, found = _digest(token), None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def read_tokens(path: Path) -> Tokens:
    """Return the tokens of a file: an entry a line, blank lines and # comments aside; SettingsError names the line."""
    try:
        with path.open("rb") as file:
            text = file.read(TOKENS_FILE_BYTES_MAX + 1).decode()
    except OSError as error:
        raise SettingsError(f"--token-file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"--token-file {path}: is not UTF-8 text") from error
    if len(text) > TOKENS_FILE_BYTES_MAX:
        raise SettingsError(f"--token-file {path}: is larger than {TOKENS_FILE_BYTES_MAX:,} bytes")
    lines = ((f"--token-file {path}, line {number}", line.strip()) for number, line in enumerate(text.split("\n"), 1))
    tokens = _tokens((where, line) for where, line in lines if line and not line.startswith("#"))
    if not tokens.names:
        raise SettingsError(f"--token-file {path}: holds no token; an entry is {_SHAPE}")
    return tokens


def tokens_of_environment(text: str) -> Tokens:
    """Return the tokens of an environment variable: entries with commas or blanks between them."""
    entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
    return _tokens((f"{TOKENS_VARIABLE}, entry {number}", entry) for number, entry in enumerate(entries, 1))


def _tokens(entries: Iterable[tuple[str, str]]) -> Tokens:
    digests: dict[str, bytes] = {}
    for where, entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise SettingsError(f"{where}: must be {_SHAPE}")
        if match["name"] in digests:
            raise SettingsError(f"{where}: {match['name']} has a token already; a name stands once")
        digests[match["name"]] = _digest(match["token"])
    if len(set(digests.values())) < len(digests):
        raise SettingsError("two holders have the same token; each needs one of its own")
    return Tokens(digests)
