"""The patterns that split a prompt, in the words of twelve languages.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026. The wording in each language is the
simulator's own (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - the patterns contain letters of other alphabets that look like Latin ones

from __future__ import annotations

import re
from typing import Final

IF: Final = re.compile(
    r"(?:(?:if|when|si|wenn|falls|se|quando|если|jika|kalau|apabila)\s+(?=\S)|如果|若是|若|假如|もし|만약에?\s*)",
    re.IGNORECASE,
)
"""The start of a condition."""

ELSE: Final = re.compile(
    r"(?:otherwise|else|if not|sino|si no|de lo contrario|sinon|sonst|andernfalls|altrimenti|senão|caso contrário"
    r"|иначе|в противном случае|jika tidak|kalau tidak|否则|否則|如果不是|不然"
    r"|そうでなければ|それ以外は|그렇지 않으면|아니면)"
    r"[\s,:，：、]*",
    re.IGNORECASE,
)
"""The start of a question's alternative."""

ASKS: Final = re.compile(
    r"是否|有没有|有沒有|かどうか|ですか$|ますか$|여부|인가요?$|습니까$|\bwhether\b|\bли\b", re.IGNORECASE
)
"""Words that mark a question without a question mark."""

JOINS: Final = re.compile(
    r"^(?:and then|and|then|next|after that|finally|or|y luego|y|luego|después|et puis|et|puis|ensuite|und dann|und"
    r"|dann|danach|e poi|poi|e depois|depois|então|e|и затем|и|затем|потом|после этого|dan|lalu|kemudian)\s+"
    r"|^(?:然后|然後|接着|接著|之后|之後|随后|最后|最後に?|そして|それから|その後|次に)[\s,，、]*"
    r"|^(?:그리고|그런 다음|그 다음에?)[\s,，、]*",
    re.IGNORECASE,
)
"""Conjunctions at the start of a clause."""

REQUEST: Final = re.compile(
    r"^(?:please\s+)?(?:generate|create|draw|make|design|show)\s+(?:me\s+)?(?:an?|the)\s+(?:\w+\s+){0,2}?"
    r"(?:flow\s?chart|mind\s?map|gantt(?:\s+chart)?|infographic|diagram)\s+(?:for|of|about|on|showing|that shows)\s+"
    r"(?:the\s+)?|^请?(?:帮我)?(?:生成|创建|画|绘制|制作|設計|设计)(?:一[个個张張幅份])?(?:关于|關於)?",
    re.IGNORECASE,
)
"""A request at the start of a prompt, before its subject."""

DIAGRAM_KIND: Final = re.compile(r"(?<=.)的?(?:流程图|流程圖|思维导图|心智圖|甘特图|甘特圖|信息图|資訊圖|图表)$")
"""The kind of diagram at the end of a prompt, after its subject."""

INCLUDES: Final = re.compile(
    r"[,，]?\s*(?:包含|包括|分为|分為)[:：]?\s*|,?\s+(?:including|consisting of)\s*:?\s+", re.IGNORECASE
)
"""Words that separate a title from its points, as a colon does."""

COUNT: Final = re.compile(
    r"(?<=.)(?:等)?(?:[一二三四五六七八九十两\d]{1,3}[个個大])(?:阶段|階段|步骤|步驟|部分|方面|环节|環節)$"
)
"""A count of the points, after the last of them."""
