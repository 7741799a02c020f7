"""EdrawMax's part of the contracts: its declaration, and the calls of the demonstration.

Documents: the vendor's skill edrawmax-diagram with its reference, its downloader and its README, about the service at
api.edrawmax.cn, read in November 2026; carried as the facts ``edrawmax:...``.
"""

# ruff: noqa: RUF001 - the prompts are in Chinese, Japanese, Russian and Korean

from __future__ import annotations

from typing import Final

from soundstage import AsyncEdrawMax, EdrawMax
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.vendors.edrawmax.access import credentials, headers, options
from soundstage_contracts.vendors.edrawmax.arguments import KINDS, arguments
from soundstage_contracts.vendors.edrawmax.live import LIVE

__all__ = ["CONTRACT", "DEMO", "credentials", "headers", "options"]

DEMO: Final = (
    DemoCall(
        "flowchart",
        {
            "prompt": "用户注册流程：输入手机号，获取验证码，验证码是否正确？设置密码，否则重新获取验证码。"
            "填写资料，资料完整吗？进入首页",
            "lang": "cn",
        },
    ),
    DemoCall(
        "flowchart",
        {
            "prompt": "Return of a purchase: the customer asks for a label, send the parcel back, check the goods. "
            "If they are undamaged, refund the price, otherwise offer a repair. Then close the case.",
            "lang": "en",
        },
    ),
    DemoCall(
        "infographic",
        {
            "prompt": "コーヒーの健康効果：集中力を高める（カフェイン）、抗酸化作用 75%、代謝を促進 11%、"
            "飲み過ぎに注意（1日4杯まで）",
            "lang": "ja_JP.UTF-8",
        },
    ),
    DemoCall(
        "gantt",
        {
            "prompt": "Запуск сайта\n- Анализ: интервью 5 дней, отчёт 3 дня\n- Дизайн: макеты 2 недели, прототип\n"
            "- Разработка: фронтенд 3 недели, тестирование 1 неделя",
            "lang": "ru",
        },
    ),
    DemoCall(
        "mindmap",
        {
            "prompt": "건강한 생활: 운동 (걷기, 수영, 요가), 식사 (채소, 물 마시기), 수면, 스트레스 관리",
            "lang": "kr",
            "platform": "web",
        },
    ),
)

CONTRACT: Final = VendorContract(
    slug="edrawmax",
    client=EdrawMax,
    async_client=AsyncEdrawMax,
    credentials=credentials,
    headers=headers,
    operations={kind: arguments() for kind in KINDS},
    ends={},
    refuses_blocked=True,
    options=options,
    live=LIVE,
)
