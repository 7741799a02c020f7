"""The sources of Infrai's keys: the argument, the environment, and a file that an activation writes.

Source: the older page and infrailab.com/en/docs/api/account; facts are cited by id. No document shows the file, so its
format is this library's own (credentials.file).
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from soundstage._protocol import responses
from soundstage._protocol.credentials import Secret, find_credential
from soundstage._values.validation import invalid
from soundstage.errors import MissingCredential
from soundstage.vendors.infrai.profile import PROFILE

_FIELD = "credentials_file"
_MAX_FILE_BYTES = 65_536  # bytes; a larger file is not a credentials file
_KEY_LINE = re.compile(
    r"""(?:export\s+)?(?:INFRAI_API_KEY|primary_api_key|api_key)\s*[=:]\s*["']?([\x21-\x7e]+?)["']?"""
)
_BARE_KEY = re.compile(r"[\x21-\x7e]{1,512}")


@dataclass(frozen=True, slots=True)
class InfraiAccount:
    """An anonymous trial account, the result of an activation (`infrai:auth.activate`).

    Attributes:
        account_id: The id of the account.
        project_id: The id of its project.
        primary_api_key: The key; not in the repr.
        trial_credit_usd: The credit, in USD.
        checkout_url: Where a person can pay for more.
        base_url: The service that the key is for.
        credentials_file: Where the key was written; None if that failed, and this object then has the only copy.
    """

    account_id: str
    project_id: str
    primary_api_key: str = field(repr=False)
    trial_credit_usd: float
    checkout_url: str
    base_url: str
    credentials_file: Path | None = None


def default_file() -> Path:
    """Return ~/.infrai/credentials (auth.bearer)."""
    return Path.home() / ".infrai" / "credentials"


def find_key(given: str | None, file: Path, base_url: str) -> Secret:
    """Return the given key, or else the one in the environment, or else the one in *file* (credentials.order).

    Raises:
        MissingCredential: None of them has one for *base_url*; the message names all three places.
        InvalidArgument: The key has characters that HTTP headers do not allow, or the file is not a credentials file.
    """
    # The file is read last, and only if it is needed: a broken file must not stop a client that has a key.
    variable = PROFILE.credentials["api_key"]
    if given is None and not os.environ.get(variable) and (stored := read_key(file, base_url)):
        return find_credential(PROFILE.slug, _FIELD, stored, variable)
    try:
        return find_credential(PROFILE.slug, "api_key", given, variable)
    except MissingCredential as missing:
        message = f"{missing.message}, or store a key for {base_url} in {file}, as activate() does"
        raise MissingCredential(message, vendor=PROFILE.slug, argument="api_key", variable=variable) from None


def read_key(file: Path, base_url: str) -> str | None:
    """Return the key in *file*, if there is one and it is for *base_url* (credentials.file)."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES)
        text = content.decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        invalid(_FIELD, file, f"a file that can be read ({error})", shown=repr(str(file)))
    if not text.startswith("{"):
        found = next(filter(None, map(_KEY_LINE.fullmatch, map(str.strip, text.splitlines()))), None)
        key = found[1] if found else text
        if _BARE_KEY.fullmatch(key):
            return key
        invalid(_FIELD, file, "a credentials file: JSON, or one key", shown=repr(str(file)))
    try:
        record = responses.as_object(json.loads(text))
    except (ValueError, RecursionError):
        invalid(_FIELD, file, "a credentials file: this is not JSON", shown=repr(str(file)))
    # A key must not be sent to another service than the one that issued it.
    if record.get("base_url", base_url) != base_url:
        return None
    kept = record.get("primary_api_key", record.get("api_key"))
    return kept if isinstance(kept, str) and kept else None


def reserve(file: Path, *, replace: bool) -> Path:
    """Check that a key can be stored in *file* before there is one, and return the draft to write it to.

    Raises:
        InvalidArgument: The file exists and may not be replaced, or its folder cannot be written to.
    """
    if file.exists() and not replace:
        invalid(_FIELD, file, "a file that does not exist, or replace=True", shown=repr(str(file)))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".credentials-", dir=file.parent)  # readable by its owner only
    except OSError as error:
        invalid(_FIELD, file, f"a place that can be written to ({error.strerror})", shown=repr(str(file)))
    os.close(number)
    return Path(name)


def keep(account: InfraiAccount, file: Path, draft: Path, *, replace: bool) -> Path | None:
    """Write *account* to *draft* and move it to *file*, whole or not at all; return None if that failed."""
    record = {name: value for name, value in asdict(account).items() if name != _FIELD}
    try:
        with draft.open("w", encoding="utf-8") as opened:
            json.dump(record, opened, indent=2)
            # No document shows a way to read a key again, so it is on the disk before the file gets its name.
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)  # fails if another process was faster; a rename would overwrite its file
    except OSError:
        return None
    return file


def discard(draft: Path) -> None:
    """Remove *draft* if it still exists."""
    with suppress(OSError):
        draft.unlink(missing_ok=True)
