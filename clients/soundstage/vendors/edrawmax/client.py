"""EdrawMax's clients: one method for each kind of diagram, for both kinds of client.

Source: the vendor's edrawmax-diagram skill and its reference; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.options import RequestOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage.vendors.edrawmax import bodies
from soundstage.vendors.edrawmax.diagrams import diagram
from soundstage.vendors.edrawmax.hosts import find_hosts
from soundstage.vendors.edrawmax.profile import PROFILE
from soundstage.vendors.edrawmax.service import EdrawMaxService

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage._values.messages import Flow
    from soundstage.vendors.edrawmax.profile import Language, Platform
    from soundstage.vendors.edrawmax.service import Drawn


class _Operations(Client[HttpT, EdrawMaxService]):
    """The operations, one for each kind of diagram, written once for both kinds of client."""

    @constructor(PROFILE, RequestOptions)
    def __init__(
        self,
        user_id: int | str | None = None,
        *,
        trusted_hosts: Iterable[str] | None = None,
        **options: Unpack[RequestOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        A request that never left is sent again as `retry` allows; with one attempt, nothing is sent again.

        Args:
            user_id: The user for whom concurrent requests are counted; it is not a credential. Default:
                EDRAWMAX_USER_ID, else 0.
            trusted_hosts: Hosts beside the documented ones that files may be downloaded from: names such as
                "files.example.com" or ".example.com" over https, addresses such as "http://127.0.0.1:8080" as
                written. Default: EDRAWMAX_TRUSTED_HOSTS, separated by commas.

        Raises:
            InvalidArgument: An argument is out of range.
        """
        user, trusted = bodies.user(user_id), find_hosts(trusted_hosts)
        super().__init__(PROFILE, **options)
        self._service = EdrawMaxService(user, trusted, self._settings)

    @diagram
    def flowchart(self, prompt: str, *, lang: Language | str = "cn", platform: Platform | None = None) -> Flow[Drawn]:
        """Draw a flowchart and return it: one call, which is free and takes some seconds.

        A failure that may pass (too many requests at once, a failed generation or rendering, a lost response) is
        retried once after a short wait, and raised if it happens again.

        Args:
            prompt: Description of the diagram.
            lang: Language of words that the service adds: a code (en, cn, jp, kr, es, fr, de, it, tw, pt, ru, id) or
                a locale such as "pt_BR.UTF-8" or "zh-TW".
            platform: The caller's platform: web, win, mac, ios, android or linux; None omits it.

        Returns:
            The diagram, with `png`, `svg` and `mermaid_code`; its files are downloaded when they are saved.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            ContentPolicyError: The content is refused (2406): rephrase the prompt.
            ConcurrencyLimitError: Too many requests of this user at once (3001), twice.
            ServerError: The service failed (212200 and 212201 twice, 500).
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached, or its response was lost twice.

        Facts: edrawmax:generate.params, answer.flowchart, lang.enum, platform.enum, error.retry_policy.
        """
        return self._service.submit("flowchart", bodies.request(prompt, lang, platform))

    @diagram
    def infographic(self, prompt: str, *, lang: Language | str = "cn", platform: Platform | None = None) -> Flow[Drawn]:
        """Draw an infographic and return it.

        Args:
            prompt: Description of the diagram.
            lang: A code or a locale, as for `flowchart`.
            platform: The caller's platform, or None.

        Returns:
            The diagram, with `png`, `svg` and `source_code`; raises the errors of `flowchart`.

        Facts: edrawmax:generate.params, answer.others.
        """
        return self._service.submit("infographic", bodies.request(prompt, lang, platform))

    @diagram
    def gantt(self, prompt: str, *, lang: Language | str = "cn", platform: Platform | None = None) -> Flow[Drawn]:
        """Draw a Gantt chart and return it.

        Args:
            prompt: Description of the diagram.
            lang: A code or a locale, as for `flowchart`.
            platform: The caller's platform, or None.

        Returns:
            The diagram, with `png`, `svg` and `source_code`; raises the errors of `flowchart`.

        Facts: edrawmax:generate.params, answer.others.
        """
        return self._service.submit("gantt", bodies.request(prompt, lang, platform))

    @diagram
    def mindmap(self, prompt: str, *, lang: Language | str = "cn", platform: Platform | None = None) -> Flow[Drawn]:
        """Draw a mind map and return it.

        Args:
            prompt: Description of the diagram.
            lang: A code or a locale, as for `flowchart`.
            platform: The caller's platform, or None.

        Returns:
            The diagram, with `png`, `svg` and `source_code`; raises the errors of `flowchart`.

        Facts: edrawmax:generate.params, answer.others.
        """
        return self._service.submit("mindmap", bodies.request(prompt, lang, platform))


class EdrawMax(_Operations[SyncHttp], SyncClient[EdrawMaxService]):
    """EdrawMax's diagrams, with blocking calls; see `AsyncEdrawMax` for coroutines.

    Nothing is charged, and files are downloaded only from the documented hosts and those that the user trusts.
    """


class AsyncEdrawMax(_Operations[AsyncHttp], AsyncClient[EdrawMaxService]):
    """EdrawMax's diagrams, with coroutines; see `EdrawMax` for calls that block.

    Nothing is charged, and files are downloaded only from the documented hosts and those that the user trusts.
    """
