"""Request bodies: the prompt, the language, the platform and the user are checked before anything is sent.

Source: the vendor's edrawmax-diagram skill and its reference; facts are cited by id.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, get_args

from soundstage._values import validation
from soundstage.vendors.edrawmax.profile import (
    ANONYMOUS_USER,
    LOCALE_LANGUAGES,
    PROFILE,
    TRADITIONAL_CHINESE,
    Language,
    Platform,
)

if TYPE_CHECKING:
    from typing import TypeAlias

    Body: TypeAlias = dict[str, object]

_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


def request(prompt: str, lang: str, platform: str | None) -> Body:
    """Return the body of every call (generate.params); a platform that is None is omitted."""
    body: Body = {"prompt": validation.text("prompt", prompt), "lang": language(lang)}
    if platform is not None:
        body["platform"] = validation.choice("platform", platform, get_args(Platform))
    return body


def language(lang: object) -> Language:
    """Return the vendor's code of a language, given that code or a locale such as ``zh_CN.UTF-8`` (lang.enum)."""
    codes: tuple[Language, ...] = get_args(Language)
    for code in codes:
        if code == lang:
            return code
    parts = re.split(r"[-_]", re.split(r"[.@]", lang)[0].lower()) if isinstance(lang, str) else [""]
    found = LOCALE_LANGUAGES.get(parts[0])
    if found is None:
        validation.invalid(
            "lang", lang, f"one of {', '.join(codes)}, or a locale of one of them, such as 'pt_BR.UTF-8'"
        )
    return "tw" if found == "cn" and TRADITIONAL_CHINESE.intersection(parts[1:]) else found


def user(user_id: object) -> str:
    """Return the user: the argument, or else the environment variable, or else 0 (auth.none)."""
    variable = PROFILE.credentials["user_id"]
    field, value = (
        ("user_id", user_id) if user_id is not None else (variable, os.environ.get(variable) or ANONYMOUS_USER)
    )
    name = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not _VISIBLE.match(name):
        validation.invalid(field, value, "a number, or visible ASCII characters without spaces or line breaks")
    return name
