"""The options of every client: declared once, visible in signatures, documented and checked."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

import soundstage
from soundstage._client.options import ClientOptions, RequestOptions
from soundstage_vendors.own import VENDORS

OPTIONS = set(ClientOptions.__annotations__)
CLIENTS = pytest.mark.parametrize(
    "kind",
    [getattr(soundstage, name) for entry in VENDORS.values() for name in (entry.client, entry.async_client)],
    ids=lambda kind: kind.__name__,
)


def shared_by(kind: type) -> set[str]:
    """Return the shared options of *kind*: a vendor without jobs has nothing to poll."""
    polls = "poll" in inspect.signature(kind).parameters
    return OPTIONS if polls else set(RequestOptions.__annotations__)


@CLIENTS
def test_signature_lists_every_option_by_name(kind: type) -> None:
    """`inspect.signature()` shows each shared option as a keyword argument with the default None."""
    parameters = inspect.signature(kind).parameters
    assert shared_by(kind) <= set(parameters)
    for name in shared_by(kind):
        assert (parameters[name].kind, parameters[name].default) == (inspect.Parameter.KEYWORD_ONLY, None)
    assert not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


@CLIENTS
def test_docstring_documents_every_parameter(kind: Any) -> None:
    """`help()` describes each parameter, the shared ones with the vendor's own defaults."""
    text = inspect.getdoc(kind.__init__) or ""
    profile = import_module(f"soundstage.vendors.{kind.__module__.split('.')[2]}").PROFILE
    arguments = text.partition("Args:")[2].partition("Raises:")[0]
    for name in inspect.signature(kind).parameters:
        assert f"\n    {name}: " in arguments
    assert profile.base_url_variable in arguments
    assert max(map(len, text.splitlines())) <= 120


@CLIENTS
def test_unknown_option_is_a_type_error(kind: Any) -> None:
    """A misspelled option is a TypeError, and so is one that the vendor does not support."""
    for name in {"tiemout", *OPTIONS} - shared_by(kind):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            kind(**{name: None})
