"""The words of diagrams in twelve languages.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026 (fact ``lang.enum``). The wording in
each language is the simulator's own (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - the tables contain letters of other alphabets that look like Latin ones

from __future__ import annotations

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
