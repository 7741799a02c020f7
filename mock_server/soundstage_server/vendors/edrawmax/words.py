"""The words of diagrams in twelve languages, and the patterns that split a prompt.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026 (fact ``lang.enum``). The wording in
each language is the simulator's own (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - the tables contain letters of other alphabets that look like Latin ones

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Words(NamedTuple):
    """The words that a diagram adds to those of its prompt, in one language."""

    start: str
    end: str
    yes: str
    no: str
    questions: tuple[str, ...]
    """The branches of a topic without subtopics: what, why, how, who, when."""
    phases: tuple[str, ...]
    """The phases of any project."""


WORDS: Final = {
    "en": Words(
        "Start", "End", "Yes", "No",
        ("What it is", "Why it matters", "How it works", "Who takes part", "When it happens"),
        ("Plan", "Prepare", "Carry out", "Check", "Finish"),
    ),
    "cn": Words(
        "开始", "结束", "是", "否",
        ("是什么", "为什么重要", "如何运作", "谁来参与", "何时进行"), ("计划", "准备", "执行", "检查", "完成"),
    ),
    "tw": Words(
        "開始", "結束", "是", "否",
        ("是什麼", "為什麼重要", "如何運作", "誰來參與", "何時進行"), ("計畫", "準備", "執行", "檢查", "完成"),
    ),
    "jp": Words(
        "開始", "終了", "はい", "いいえ",
        ("それは何か", "なぜ重要か", "どう機能するか", "誰が関わるか", "いつ行うか"),
        ("計画", "準備", "実行", "確認", "完了"),
    ),
    "kr": Words(
        "시작", "끝", "예", "아니요",
        ("무엇인가", "왜 중요한가", "어떻게 작동하는가", "누가 참여하는가", "언제 하는가"),
        ("계획", "준비", "실행", "점검", "마무리"),
    ),
    "es": Words(
        "Inicio", "Fin", "Sí", "No",
        ("Qué es", "Por qué importa", "Cómo funciona", "Quién participa", "Cuándo ocurre"),
        ("Planificar", "Preparar", "Ejecutar", "Revisar", "Terminar"),
    ),
    "fr": Words(
        "Début", "Fin", "Oui", "Non",
        ("Ce que c'est", "Pourquoi c'est important", "Comment cela marche", "Qui participe", "Quand cela a lieu"),
        ("Planifier", "Préparer", "Réaliser", "Vérifier", "Terminer"),
    ),
    "de": Words(
        "Start", "Ende", "Ja", "Nein",
        ("Was es ist", "Warum es wichtig ist", "Wie es geht", "Wer mitmacht", "Wann es geschieht"),
        ("Planen", "Vorbereiten", "Durchführen", "Prüfen", "Abschließen"),
    ),
    "it": Words(
        "Inizio", "Fine", "Sì", "No",
        ("Che cos'è", "Perché è importante", "Come funziona", "Chi partecipa", "Quando avviene"),
        ("Pianificare", "Preparare", "Eseguire", "Verificare", "Concludere"),
    ),
    "pt": Words(
        "Início", "Fim", "Sim", "Não",
        ("O que é", "Por que importa", "Como funciona", "Quem participa", "Quando acontece"),
        ("Planejar", "Preparar", "Executar", "Verificar", "Concluir"),
    ),
    "ru": Words(
        "Начало", "Конец", "Да", "Нет",
        ("Что это", "Почему это важно", "Как это работает", "Кто участвует", "Когда это происходит"),
        ("Планирование", "Подготовка", "Выполнение", "Проверка", "Завершение"),
    ),
    "id": Words(
        "Mulai", "Selesai", "Ya", "Tidak",
        ("Apa itu", "Mengapa penting", "Bagaimana caranya", "Siapa yang terlibat", "Kapan terjadi"),
        ("Rencanakan", "Siapkan", "Jalankan", "Periksa", "Selesaikan"),
    ),
}  # fmt: skip
"""The words by language code (lang.enum)."""

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

DAYS: Final = (
    (1, r"days?|jours?|tage?n?|tag|d[ií]as?|giorn[oi]|dias?|дн(?:я|ей)|день|hari|天|日間?|일"),
    (7, r"weeks?|semaines?|wochen?|semanas?|settiman[ae]|недел[яиь]|minggu|周|週間?|星期|个星期|주"),
    (30, r"months?|mois|monate?n?|mes(?:es)?|mes[ei]|m[eê]s(?:es)?|месяц(?:а|ев)?|bulan|个月|個月|ヶ月|か月|개월|달"),
)
"""Units of time in days, with their names."""

NUMBERS: Final = {
    "一": 1, "两": 2, "兩": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10,
}  # fmt: skip
