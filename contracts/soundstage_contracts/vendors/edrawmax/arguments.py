"""Arguments of EdrawMax's methods: tables from the facts, strategies of valid bodies and arguments, invalid values."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies

KINDS: Final = ("flowchart", "infographic", "gantt", "mindmap")
LANGUAGES: Final = ("en", "cn", "jp", "kr", "es", "fr", "de", "it", "tw", "pt", "ru", "id")
PLATFORMS: Final = ("web", "win", "mac", "ios", "android", "linux")

LOCALES: Final = {
    "en_US": "en", "en-GB": "en", "en": "en", "zh_CN": "cn", "zh-Hans": "cn", "zh_SG": "cn", "zh": "cn",
    "zh_TW": "tw", "zh-Hant": "tw", "zh-HK": "tw", "zh-Hant-TW": "tw", "zh_MO": "tw", "ja_JP": "jp", "ja": "jp",
    "ko_KR": "kr", "ko": "kr", "es_ES": "es", "es-419": "es", "fr_CA": "fr", "fr-CH": "fr", "de_AT": "de",
    "de-DE": "de", "it_IT": "it", "pt_BR": "pt", "pt-PT": "pt", "ru_RU": "ru", "id_ID": "id", "in_ID": "id",
}  # fmt: skip
"""Locales, as programs and systems write them, and the vendor's codes (lang.enum)."""

START: Final = {
    "en": "Start", "cn": "开始", "jp": "開始", "kr": "시작", "es": "Inicio", "fr": "Début",
    "de": "Start", "it": "Inizio", "tw": "開始", "pt": "Início", "ru": "Начало", "id": "Mulai",
}  # fmt: skip
"""The first step of the simulator's flowcharts, by language (answer.content)."""

NO_PROMPT: Final = st.sampled_from([None, "", "   ", "\n\t", 5, True, ["a fox"], {"text": "a fox"}])
NO_LANGUAGE: Final = st.sampled_from(["xx", "zh", "EN", "en-US", "zh_CN", " ", 5, True, False, ["cn"]])


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid JSON bodies, as a raw client sends them (generate.params)."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts(most=120)},
        optional={
            "lang": st.sampled_from((*LANGUAGES, "", None)),
            "platform": st.sampled_from((*PLATFORMS, None)),
            "user_id": st.integers(),
        },
    )


def arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of every method."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts(most=120)},
        optional={"lang": st.sampled_from(LANGUAGES), "platform": st.none() | st.sampled_from(PLATFORMS)},
    )


def locales() -> st.SearchStrategy[tuple[str, str]]:
    """Return a locale in any of its spellings, and the code that it means."""
    endings = st.sampled_from(["", ".UTF-8", ".utf8", "@euro", ".ISO8859-1@euro"])
    spelt = st.sampled_from([str, str.lower, lambda name: name.replace("_", "-"), lambda name: name.replace("-", "_")])
    pairs = st.sampled_from(sorted(LOCALES.items()))
    return st.builds(lambda pair, spell, ending: (spell(pair[0]) + ending, pair[1]), pairs, spelt, endings)


def points() -> st.SearchStrategy[list[str]]:
    """Return distinct words without any separator at which the simulator would divide a prompt."""
    letters = "abcdefghkmnopqrstuvwxyz界山川日月水火木金土가나다라마джзлфц"
    word = st.text(st.sampled_from(letters), min_size=3, max_size=9)
    return st.lists(word.map(lambda text: f"q{text}"), min_size=2, max_size=7, unique_by=str.casefold)
